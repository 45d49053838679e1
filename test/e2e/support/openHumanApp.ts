/** Owns the app built beside an OpenHuman double, and the doubles of a test file. */
import { afterAll, afterEach, beforeAll } from 'vitest'
import { createOpenHumanDouble } from '../../../src/testing/doubles/index.ts'
import type { OpenHumanDouble, OpenHumanDoubleOptions } from '../../../src/testing/doubles/index.ts'
import { serveApp } from '../../support/servedApp.ts'
import type { ServedApp } from '../../support/servedApp.ts'

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
    // The address of the core is part of the build, as it is of a host's configuration.
    served = await serveApp({ VITE_OPENHUMAN_URL: first.url })
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

/** The scope is the app's (`app/lib/sources.ts`). */
export const OPEN_HUMAN_DATABASE = 'run-ledger:openhuman'
