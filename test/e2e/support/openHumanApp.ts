/** Owns the app built beside an OpenHuman double, and the doubles of a test file. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { preview } from 'vite'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { createOpenHumanDouble } from '../../../src/testing/doubles/index.ts'
import type { OpenHumanDouble, OpenHumanDoubleOptions } from '../../../src/testing/doubles/index.ts'

const repo = join(import.meta.dirname, '../../..')

export interface Beside {
  /** Where a path of the app is. */
  at(path: string): string
  /** A core of its own for each story, all on the one port: ids are the same in all. Its messages bear its times. */
  startCore(options?: OpenHumanDoubleOptions): Promise<OpenHumanDouble>
  stopCore(): Promise<void>
}

export function openHumanForFile(): Beside {
  let port = 0
  let served: ServedApp | null = null
  let core: OpenHumanDouble | null = null

  async function stopCore(): Promise<void> {
    await core?.close()
    core = null
  }

  beforeAll(async () => {
    const first = await createOpenHumanDouble()
    port = Number(new URL(first.url).port)
    await first.close()
    served = await serveBeside(first.url)
  })
  afterAll(() => served?.close())
  afterEach(stopCore)

  return {
    at: (path) => new URL(path, served?.url).href,
    async startCore(options = {}) {
      const switches = { ts: true, paceMs: 5, ...options.switches }
      core = await createOpenHumanDouble({ ...options, port, switches })
      return core
    },
    stopCore,
  }
}

interface ServedApp {
  url: string
  close(): Promise<void>
}

/** The address of the core is part of the build, as it is of a host's configuration. */
async function serveBeside(coreUrl: string): Promise<ServedApp> {
  const outDir = await mkdtemp(join(tmpdir(), 'run-ledger-openhuman-'))
  const vite = join(repo, 'node_modules/vite/bin/vite.js')
  const { VITEST: _, ...env } = process.env
  const done = spawnSync(
    process.execPath,
    [vite, 'build', '--outDir', outDir, '--emptyOutDir', '--logLevel', 'warn'],
    { cwd: repo, env: { ...env, NODE_ENV: 'production', VITE_OPENHUMAN_URL: coreUrl }, encoding: 'utf8' },
  )
  if (done.status !== 0) throw new Error(`The app does not build:\n${done.stdout}${done.stderr}`)
  const server = await preview({
    configFile: false,
    root: repo,
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

/** The scope is the app's (`app/lib/sources.ts`). */
export const OPEN_HUMAN_DATABASE = 'run-ledger:openhuman'
