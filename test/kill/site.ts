/** Owns the origin of the harness's page: built for production once, served on one port for as long as it takes. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, preview } from 'vite'

export interface Site {
  /** With a slash at its end. */
  url: string
  close(): Promise<void>
}

export async function serveSite(): Promise<Site> {
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
  const server = await preview({
    configFile: false,
    root,
    logLevel: 'error',
    build: { outDir },
    // Any free port, and the same for all lives of a browser: the origin contains it.
    preview: { host: '127.0.0.1', port: 0 },
  })
  const url = server.resolvedUrls?.local[0]
  if (url === undefined) throw new Error('vite preview gave no address')
  return {
    url,
    async close() {
      await server.close()
      await rm(outDir, { recursive: true, force: true })
    },
  }
}
