// Builds the app for production once and serves it to the `e2e` project, which reads `inject('appUrl')`.
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { preview } from 'vite'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    appUrl: string
  }
}

const repo = join(import.meta.dirname, '../..')

export default async function setup(project: TestProject) {
  // A folder of its own, so that a test run never replaces the `dist-app` somebody is looking at.
  const outDir = await mkdtemp(join(tmpdir(), 'run-ledger-app-'))
  build(outDir)
  const server = await preview({
    configFile: false,
    root: repo,
    logLevel: 'error',
    build: { outDir },
    preview: { host: '127.0.0.1', port: 0 },
  })
  const url = server.resolvedUrls?.local[0]
  if (!url) throw new Error('vite preview gave no address')
  project.provide('appUrl', url)

  return async () => {
    await server.close()
    await rm(outDir, { recursive: true, force: true })
  }
}

function build(outDir: string) {
  // A process of its own: this one runs with NODE_ENV=test, which would put React's development build in.
  const vite = join(repo, 'node_modules/vite/bin/vite.js')
  const args = [vite, 'build', '--outDir', outDir, '--emptyOutDir', '--logLevel', 'warn']
  const { VITEST: _, ...env } = process.env
  const done = spawnSync(process.execPath, args, {
    cwd: repo,
    env: { ...env, NODE_ENV: 'production' },
    encoding: 'utf8',
  })
  if (done.status !== 0) throw new Error(`The app does not build:\n${done.stdout}${done.stderr}`)
}
