import { malformed } from '../bytes.ts';
import type { TypeFamily } from './family.ts';
import { wrongValue, type TdsTypeOf } from './tds-type.ts';

const real = 0x3b;
const float = 0x3e;
const floatN = 0x6d;

/** SQL Server has neither infinities nor NaN. */
export const floats: TypeFamily<TdsTypeOf<'real' | 'float'>> = {
  tokens: [real, float, floatN],
  readInfo: (reader, token) => {
    if (token !== floatN) return { name: token === real ? 'real' : 'float', fixed: true };
    const width = reader.u8();
    if (width !== 4 && width !== 8) throw malformed(`a float of ${width} bytes`);
    return { name: width === 4 ? 'real' : 'float' };
  },
  writeInfo: (writer, { name, fixed }) => {
    if (fixed === true) writer.u8(name === 'real' ? real : float);
    else writer.u8(floatN).u8(name === 'real' ? 4 : 8);
  },
  readValue: (reader, { name, fixed }) => {
    const width = name === 'real' ? 4 : 8;
    const length = fixed === true ? width : reader.u8();
    if (length === 0) return null;
    if (length !== width) throw malformed(`a float of ${length} bytes as ${name}`);
    const value = width === 4 ? reader.f32() : reader.f64();
    if (!Number.isFinite(value)) throw malformed('a float that is no number');
    return value;
  },
  writeValue: (writer, type, value) => {
    if (value === null && type.fixed !== true) return void writer.u8(0);
    if (typeof value !== 'number' || !Number.isFinite(type.name === 'real' ? Math.fround(value) : value)) throw wrongValue(type);
    if (type.fixed !== true) writer.u8(type.name === 'real' ? 4 : 8);
    if (type.name === 'real') writer.f32(value);
    else writer.f64(value);
  },
};
