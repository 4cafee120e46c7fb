/** Decides which licences allow code to be shown to others, with attribution. */

/**
 * Permissive SPDX identifiers, in lower case: those of the Blue Oak Council's list of permissive licences
 * that occur in Python code, with public-domain dedications and Python's own.
 */
const PERMISSIVE: ReadonlySet<string> = new Set(
  [
    "0BSD AFL-2.1 AFL-3.0 Apache-1.0 Apache-1.1 Apache-2.0 Artistic-2.0 BlueOak-1.0.0 BSD-1-Clause",
    "BSD-2-Clause BSD-2-Clause-FreeBSD BSD-2-Clause-NetBSD BSD-2-Clause-Patent BSD-2-Clause-Views",
    "BSD-3-Clause BSD-3-Clause-Attribution BSD-3-Clause-Clear BSD-3-Clause-LBNL BSD-3-Clause-Modification",
    "BSD-3-Clause-Open-MPI BSD-4-Clause BSD-4-Clause-UC BSD-Source-Code BSL-1.0 CC-BY-3.0 CC-BY-4.0",
    "CC0-1.0 CNRI-Python CNRI-Python-GPL-Compatible curl ECL-2.0 EFL-2.0 Fair FTL HPND ICU ImageMagick",
    "Intel ISC JSON Libpng libtiff MIT MIT-0 MIT-advertising MIT-CMU MIT-enna MIT-feh MIT-Modern-Variant",
    "MITNFA MS-PL MulanPSL-1.0 MulanPSL-2.0 NCSA NTP OLDAP-2.8 OpenSSL PHP-3.0 PHP-3.01 PostgreSQL PSF-2.0",
    "Python-2.0 Python-2.0.1 SSH-OpenSSH TCL Unicode-DFS-2015 Unicode-DFS-2016 Unicode-3.0 Unlicense",
    "UPL-1.0 Vim W3C W3C-19980720 WTFPL X11 Xnet Zed Zend-2.0 Zlib zlib-acknowledgement ZPL-2.0 ZPL-2.1",
  ]
    .join(" ")
    .toLowerCase()
    .split(" "),
);

/**
 * Whether every one of a document's licences is permissive: a file found in a permissive and in a copyleft
 * repository may come from either. An entry may be an SPDX expression; one side of an `OR` is enough.
 * False for an empty list.
 */
export function isPermissive(licences: readonly string[]): boolean {
  return licences.length > 0 && licences.every(isPermissiveExpression);
}

/** In characters: a hostile row's could nest a million parentheses, each of which takes a pass over the rest. */
const LONGEST_EXPRESSION = 1000;

/** In SPDX, AND binds tighter than OR, and parentheses tighter than both: they are replaced by a licence of their value. */
function isPermissiveExpression(expression: string): boolean {
  if (expression.length > LONGEST_EXPRESSION) return false;
  const parenthesised = /\(([^()]*)\)/g;
  let flat = expression.toLowerCase();
  while (flat.search(parenthesised) >= 0)
    flat = flat.replace(parenthesised, (_, inner: string) => (isPermissiveFlat(inner) ? "mit" : "unknown"));
  // Without its partner a parenthesis says nothing of what belongs together.
  return !/[()]/.test(flat) && isPermissiveFlat(flat);
}

/** The value of an expression without parentheses. */
function isPermissiveFlat(expression: string): boolean {
  return expression
    .split(/\s+or\s+/)
    .some(side => side.split(/\s+and\s+/).every(name => PERMISSIVE.has(identifier(name))));
}

/** The identifier without the parts that widen a licence: a later version, an exception. */
function identifier(name: string): string {
  return name
    .trim()
    .replace(/\s+with\s+.*$/, "")
    .replace(/\+$/, "");
}
