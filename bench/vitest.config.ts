// Benches run apart from the tests: they measure, they do not judge.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: import.meta.dirname,
  test: { benchmark: { include: ['**/*.bench.ts'] } },
})
