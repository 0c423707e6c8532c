/** What a tab of the alerts shows. */
export interface AlertTabProps {
  /** What else the address says. */
  readonly address: Readonly<Record<string, unknown>>;
  /** The id of what is looked at or edited; `new`: one is made. */
  readonly opened: string | undefined;
  readonly onOpen: (id: string | undefined) => void;
}
