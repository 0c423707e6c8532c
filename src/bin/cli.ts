import { keepCompiled } from './compile-cache.ts';

keepCompiled();
const { main } = await import('./main.ts');
await main();
