// me.js: who is signed in, and what that one may: an act without its permission is not offered. The service decides anyway.

// {name, kind, role, permissions}, set when a project opens.
let me = { name: "", kind: "user", role: "", permissions: [] };

export const setMe = (one) => {
  me = one;
};

export const whoAmI = () => me;

// read looks, run starts and stops runs, act decides, admin configures.
export const may = (permission) => me.permissions.includes(permission);
