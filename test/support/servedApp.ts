/** Owns the app as people get it: built for production into a folder of its own and served on a free port. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { preview } from 'vite'

const repo = join(import.meta.dirname, '../..')

export interface ServedApp {
  url: string
  close(): Promise<void>
}

/** `settings` become part of the build, as a host's configuration does. */
export async function serveApp(settings: Readonly<Record<string, string>> = {}): Promise<ServedApp> {
  // So that a test run never replaces the `dist-app` somebody is looking at.
  const outDir = await mkdtemp(join(tmpdir(), 'run-ledger-app-'))
  build(outDir, settings)
  return serveBuilt(repo, outDir)
}

/** What was built of the page at `root` into `outDir`, which goes when it is closed. Any free port, the same until then. */
export async function serveBuilt(root: string, outDir: string): Promise<ServedApp> {
  const server = await preview({
    configFile: false,
    root,
    logLevel: 'error',
    build: { outDir },
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

function build(outDir: string, settings: Readonly<Record<string, string>>): void {
  // A process of its own: this one runs with NODE_ENV=test, which would put React's development build in.
  const vite = join(repo, 'node_modules/vite/bin/vite.js')
  const args = [vite, 'build', '--outDir', outDir, '--emptyOutDir', '--logLevel', 'warn']
  const { VITEST: _, ...env } = process.env
  const done = spawnSync(process.execPath, args, {
    cwd: repo,
    env: { ...env, NODE_ENV: 'production', ...settings },
    encoding: 'utf8',
  })
  if (done.status !== 0) throw new Error(`The app does not build:\n${done.stdout}${done.stderr}`)
}
