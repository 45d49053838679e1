// `npm run test:kill -- …`: Node 20 reads no TypeScript, Vite's module runner does.
import { join } from 'node:path'
import { runnerImport } from 'vite'

const { module } = await runnerImport(join(import.meta.dirname, 'cli.ts'), {
  configFile: false,
  logLevel: 'error',
})
process.exitCode = await module.main(process.argv.slice(2))
