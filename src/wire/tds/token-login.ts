import { malformed, type TdsReader, type TdsWriter } from './bytes.ts';
import type { Feature } from './login7.ts';

/** LOGINACK: the login is taken (MS-TDS 2.2.7.14). */
export interface LoginAck {
  readonly kind: 'login-ack';
  /** 1: Transact-SQL. */
  readonly language: number;
  readonly tdsVersion: number;
  readonly program: string;
  readonly version: readonly [major: number, minor: number, build: number];
}

/** FEATUREEXTACK: which of the features asked for the server has (MS-TDS 2.2.7.11). */
export interface FeatureAck {
  readonly kind: 'feature-ack';
  readonly features: readonly Feature[];
}

export const loginAckToken = 0xad;
export const featureAckToken = 0xae;
const lastFeature = 0xff;

export function writeLoginAck(writer: TdsWriter, { language, tdsVersion, program, version }: Omit<LoginAck, 'kind'>): void {
  const [major, minor, build] = version;
  writer.counted((inner) =>
    inner
      .u8(language)
      .u32Big(tdsVersion)
      .shortText(program)
      .u8(major)
      .u8(minor)
      .u8(build >> 8)
      .u8(build & 0xff),
  );
}

export function readLoginAck(reader: TdsReader): LoginAck {
  const inner = reader.part(reader.u16());
  const [language, tdsVersion, program] = [inner.u8(), inner.u32Big(), inner.shortText()];
  const [major, minor, high, low] = [inner.u8(), inner.u8(), inner.u8(), inner.u8()];
  inner.done();
  return { kind: 'login-ack', language, tdsVersion, program, version: [major, minor, (high << 8) | low] };
}

export function writeFeatureAck(writer: TdsWriter, { features }: Omit<FeatureAck, 'kind'>): void {
  for (const { id, bytes } of features) writer.u8(id).u32(bytes.length).bytes(bytes);
  writer.u8(lastFeature);
}

export function readFeatureAck(reader: TdsReader): FeatureAck {
  const features: Feature[] = [];
  for (let id = reader.u8(); id !== lastFeature; id = reader.u8()) {
    if (features.some((known) => known.id === id)) throw malformed(`feature ${id} twice`);
    features.push({ id, bytes: reader.bytes(reader.u32()) });
  }
  return { kind: 'feature-ack', features };
}
