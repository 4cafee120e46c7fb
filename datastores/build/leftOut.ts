/** What a build has left out, in words: filters and readers count it by the names of their reasons. */

/** Each follows a number of documents. */
const TEXTS: Readonly<Record<string, string>> = {
  badLine: "on damaged lines",
  badPage: "on damaged pages",
  broken: "with syntax errors",
  data: "mostly data",
  denied: "on the deny list",
  empty: "almost empty",
  exactDuplicate: "equal to another",
  generated: "generated",
  licence: "under another licence",
  minified: "minified",
  nearDuplicate: "nearly equal to another",
  noContent: "without content",
  notPermissive: "not under a permissive licence",
  notRegular: "not regular files",
  notUtf8: "not in UTF-8",
  otherLanguage: "in another language",
  outside: "outside of the folder",
  python2: "in Python 2",
  secret: "with secrets",
  tooLarge: "too large",
  unknownLicence: "without a licence",
  unreadable: "unreadable",
  vendored: "of other projects",
};

/** Counts by reason as a list, such as "3 almost empty, 1 too large"; a reason of a later version is named as it is. */
export const leftOutText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([reason, count]) => `${count} ${Object.hasOwn(TEXTS, reason) ? TEXTS[reason] : reason}`)
    .join(", ");
