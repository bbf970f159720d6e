// Which version of a package is installed, as its own package.json says.

import { readFileSync } from 'node:fs';

export function version(name) {
  const path = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(path)).version;
}
