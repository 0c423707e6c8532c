/** What is left to do where changes are missing: for links of `isthmus link` and for link connections, which have other ways to ask for it. */
export const copyAnew: string =
  'Copy the tables anew from the source as it is: stop the link connection and start it again; with isthmus link, run again with --resync.';
