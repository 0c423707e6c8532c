import { defineConfig } from 'oxfmt';

export default defineConfig({
  singleQuote: true,
  printWidth: 140,
  sortImports: false,
  sortPackageJson: false,
  ignorePatterns: ['package-lock.json', '**/*.md', 'test/servers/versions/**', '**/fixtures/**'],
});
