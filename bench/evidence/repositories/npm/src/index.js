import { plain } from "plain-letters";

// The part of an address that names a title: small letters and digits, joined by single hyphens.
export function slug(title) {
  return plain(title).toLowerCase().replace(/[^a-z0-9]/g, "-");
}
