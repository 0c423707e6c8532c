import type { Uplink } from '#fabric/kernel/uplink.ts';
import type { PoolLink, PoolReport } from '#providers/synapse/pool-host.ts';
import type { FaultText } from '#base/fault-text.ts';
import type { EngineStatus } from './status.ts';

/** What a child process is told to do. Sent over the channel and never by arguments or environment: other users can read those. */
export interface PoolJob {
  readonly name: string;
  readonly file: string;
  readonly memoryMb: number;
  /** All that fill it. */
  readonly links: readonly PoolLink[];
  /** What the pool knows of others is not forgotten. */
  readonly keepsOthers: boolean;
  /** Which order this is: whoever gives another says another number. */
  readonly revision: number;
  readonly tds: PoolTdsJob;
}

/** How a pool speaks TDS. */
export interface PoolTdsJob {
  readonly host: string;
  readonly port: number;
  /** PEM; undefined: nothing is encrypted. */
  readonly certificate: { readonly cert: string; readonly key: string } | undefined;
  readonly encryption: 'off' | 'support' | 'require' | 'strict';
  /** As clients name the server, and the database in it. */
  readonly serverName: string;
  readonly database: string;
}

/** What carries connections: this process, the kernel, or the kernel where it can and this process where not. */
export type EngineChoice = 'userspace' | 'kernel' | 'auto';

export interface ControlJob {
  /** The data folder. */
  readonly folder: string;
  /** 0: any free one. */
  readonly port: number;
  /** A certificate and key of one's own, as files. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly issuers: readonly TrustedIssuerSettings[];
  /** Where every request is noted; undefined: nowhere. */
  readonly accessLog: string | undefined;
  /** Keys that seal secrets, from the environment; undefined: they are in the data folder. */
  readonly sealKeys: string | undefined;
  /** Workers may run where the operating system does not hold them. */
  readonly allowUnisolated: boolean;
  readonly engine: EngineChoice;
  /** Of the kernel engine. */
  readonly uplink: Uplink | undefined;
  /** Takes e-mail of alerts; undefined: none is sent. */
  readonly smtp: SmtpSettings | undefined;
  /** Webhooks of alerts may lead to this host itself. */
  readonly allowLocalWebhooks: boolean;
  readonly sql: SqlSettings;
}

/** How SQL pools speak TDS on this machine. */
export interface SqlSettings {
  /** Of the first pool; the others have those after it. 0: any free ones. */
  readonly firstPort: number;
  readonly encryption: PoolTdsJob['encryption'];
}

export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte. */
  readonly isSecure: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly from: string;
}

/** An issuer of tokens beside our own, as the configuration names it. */
export interface TrustedIssuerSettings {
  readonly issuer: string;
  readonly audience: string;
  /** The claim that says who it is. */
  readonly claim: string;
  /** Value of the claim → name of the service principal that it stands for. */
  readonly principals: Readonly<Record<string, string>>;
  /** For people; undefined: the host of its address. */
  readonly name: string | undefined;
  /** As what this installation is known there; undefined: nobody signs in there by a browser. */
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
}

export interface DemoJob {
  readonly folder: string;
  readonly rate: number;
  readonly scale: number;
}

/** A source's address, and apart from it what must not be shown. */
export interface SourceAccess {
  /** Without a password. */
  readonly url: string;
  readonly password: string;
}

/** What a child process tells: always the whole state, so that only the latest report counts. */
export interface PoolTold extends PoolReport {
  /** The order that is carried out: its links fill the pool, and no others. */
  readonly revision: number;
}

export interface ControlReport {
  /** `https://localhost:4433`, once it answers. */
  readonly url: string;
  /** Signs in whoever opens it first: shown to who started this, and in no log and no file. */
  readonly studio: string;
  /** The certificate authority's file. */
  readonly ca: string;
  readonly subscription: string;
  readonly tenant: string;
  /** Where clients of SQL Server reach pools, by `workspace.pool`: `localhost,14330`. */
  readonly sql: Readonly<Record<string, string>>;
  readonly engine: EngineStatus;
}

export interface DemoReport {
  /** What it is doing, as one sentence. */
  readonly step: string;
  /** Once the shop is open. */
  readonly source: SourceAccess | undefined;
  readonly serverPid: number | undefined;
}

/** Of what a child process asks its parent, and is answered. */
export interface Question {
  readonly id: number;
  readonly question: unknown;
}

export type ToChild<Job> =
  | { readonly kind: 'start'; readonly job: Job; readonly logFile: string }
  /** The job from now on. */
  | { readonly kind: 'job'; readonly job: Job }
  | { readonly kind: 'stop' }
  | { readonly kind: 'metrics'; readonly id: number }
  /** `answer` undefined: there is none, as `fault` says. */
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown; readonly fault: FaultText | undefined };

export type FromChild<Report> =
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'metrics'; readonly id: number; readonly text: string }
  | ({ readonly kind: 'ask' } & Question)
  | { readonly kind: 'failed'; readonly fault: FaultText };
