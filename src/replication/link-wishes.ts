/** What is asked of a link while it runs. It is done between two transactions, and outlives a run that breaks. */
export class LinkWishes {
  #look = false;
  readonly #recopy = new Set<string>();
  #asked = 0;

  /** The chosen tables are others now. */
  lookAgain(): void {
    this.#look = true;
  }

  /** These tables shall be emptied and copied anew, Failed ones too. */
  recopy(tables: Iterable<string>): void {
    this.#asked += 1;
    for (const table of tables) this.#recopy.add(table);
  }

  /** How many times tables were asked to be copied anew. */
  get asked(): number {
    return this.#asked;
  }

  get pending(): boolean {
    return this.#look || this.#recopy.size > 0;
  }

  /** Is the table still to be emptied and copied anew? */
  wants(table: string): boolean {
    return this.#recopy.has(table);
  }

  /** The chosen tables are looked up now; answers which of them are to be copied anew. */
  begin(): ReadonlySet<string> {
    this.#look = false;
    return new Set(this.#recopy);
  }

  /** That these are copied anew is durable. */
  done(tables: ReadonlySet<string>): void {
    for (const table of tables) this.#recopy.delete(table);
  }
}
