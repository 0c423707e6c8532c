import { writeFileSync } from 'node:fs';
import { typesDocument } from '#replication/sources/postgres/types/types-document.ts';
import { coverageDocument } from './coverage-document.ts';
import { tsqlDocument } from './tsql-document.ts';

// npm run docs: writes the documents that are made of the program itself.
const docs = new URL('../../../docs/', import.meta.url);
writeFileSync(new URL('types.md', docs), typesDocument());
writeFileSync(new URL('coverage.md', docs), await coverageDocument());
writeFileSync(new URL('tsql.md', docs), tsqlDocument());
