// router.js: the view is the URL. Links to this page are followed without loading it again.

import { useEffect, useState } from "preact/hooks";

const watchers = new Set();
const changed = () => watchers.forEach((call) => call());

addEventListener("popstate", changed);

// The state of an entry of the history: did this page come to it from another one of its views?
export function go(url, replace) {
  history[replace ? "replaceState" : "pushState"](replace ? history.state : true, "", url);
  changed();
}

// To the view before; never out of the page.
export function goBack() {
  if (history.state) history.back();
}

export function useUrl() {
  const [, tick] = useState(0);
  useEffect(() => {
    const call = () => tick((n) => n + 1);
    watchers.add(call);
    return () => watchers.delete(call);
  }, []);
  return {
    parts: location.pathname.split("/").slice(1).map(decoded),
    query: new URLSearchParams(location.search),
  };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

// One value behind "?", the others stay.
export function setQuery(name, value) {
  const query = new URLSearchParams(location.search);
  if (value) query.set(name, value);
  else query.delete(name);
  const text = query.toString();
  go(location.pathname + (text ? "?" + text : ""), true);
}

// From a view of the past, links to views that can look back stay in it.
const LOOKS_BACK = /^\/w\/[^/]+\/(board|cards|runs|plans|chat)\b/;

export function withSnapshot(href) {
  const at = new URLSearchParams(location.search).get("at"),
    url = new URL(href, location.href);
  if (!at || !LOOKS_BACK.test(location.pathname) || !LOOKS_BACK.test(url.pathname)) return href;
  if (!url.searchParams.has("at")) url.searchParams.set("at", at);
  return url.pathname + url.search;
}

addEventListener("click", (e) => {
  const link = e.target.closest && e.target.closest("a[href^='/']");
  if (!link || e.defaultPrevented || e.button || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return;
  e.preventDefault();
  go(withSnapshot(link.getAttribute("href")));
});
