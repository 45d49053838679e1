/** Owns the origin of the harness's page: built for production once, served on one port for as long as it takes. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'
import { serveBuilt } from '../support/servedApp.ts'
import type { ServedApp } from '../support/servedApp.ts'

export async function serveSite(): Promise<ServedApp> {
  const root = join(import.meta.dirname, 'page')
  const outDir = await mkdtemp(join(tmpdir(), 'run-ledger-kill-page-'))
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    worker: { format: 'es' },
    // Also under a test runner, which sets another.
    define: { 'process.env.NODE_ENV': '"production"' },
    build: { outDir, emptyOutDir: true, target: 'es2023' },
  })
  return serveBuilt(root, outDir)
}
