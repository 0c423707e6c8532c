/** What a page says where there is no Studio to say it. */
export interface PlainPage {
  readonly title: string;
  readonly sentences: readonly string[];
  /** To copy and run. */
  readonly command?: string;
  readonly link?: { readonly to: string; readonly text: string };
}

/** A page of its own: no scripts, and styles only by the nonce. All of it is text. */
export function plainPage({ title, sentences, command, link }: PlainPage, nonce: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${escaped(title)}</title>
    <link rel="icon" href="data:," />
    <style nonce="${nonce}">
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto 0; padding: 0 1.5rem; }
      h1 { font-size: 1.5rem; }
      pre { padding: 0.75rem 1rem; border: 1px solid; border-radius: 4px; overflow-x: auto; }
    </style>
  </head>
  <body>
    <main>
      <h1>${escaped(title)}</h1>
${sentences.map((sentence) => `      <p>${escaped(sentence)}</p>\n`).join('')}${command === undefined ? '' : `      <pre>${escaped(command)}</pre>\n`}${
    link === undefined ? '' : `      <p><a href="${escaped(link.to)}">${escaped(link.text)}</a></p>\n`
  }    </main>
  </body>
</html>
`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (letter) => entities[letter]!);
}
