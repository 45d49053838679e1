/** Tabs of different code, and one tab that goes from scope to scope. Laws T3, T1; fault F30. */
import { openDB } from 'idb'
import { describe, expect, test, vi } from 'vitest'
import { selectLedgerStatus } from '../../src/index.ts'
import type { Page } from './support/page.ts'
import { databaseName } from '../../src/ledger/indexedDb.ts'
import { scopeName } from '../../src/core/ids.ts'
import { SCHEMA_VERSION } from '../../src/ledger/schema.ts'
import { broadcastChannels } from '../../src/platform/channel.ts'
import { createLockRegistry, memoryLocks } from '../../src/platform/memoryLocks.ts'
import { keysOf } from '../../src/state/table.ts'
import { readTabMessage } from '../../src/state/tabs/tabMessages.ts'
import { sharedCore } from '../../src/testing/sharedCore.ts'
import type { ScriptedSource } from '../../src/testing/scriptedSource.ts'
import { newScope, openPage, research, script } from './support/page.ts'

const RUN = 'r:wf1.research.1'

describe('a newer version in another tab', () => {
  test('T3 the older tab says so, keeps what it has, writes no byte, and leaves its sources to the newer one', async () => {
    const scope = newScope()
    const core = sharedCore()
    const registry = createLockRegistry()
    const page = openPage(scope, { source: core.source() as ScriptedSource, locks: memoryLocks(registry) })
    await page.boot()
    core.emit([{ log: 'r:a', type: 'run.registered', payload: { kind: 'subagent' } }])
    await vi.waitFor(async () => {
      await page.ledger.whenIdle()
      expect(selectLedgerStatus(page.state()).sources['core']?.state).toBe('connected')
      expect(keysOf(page.state().runs.persisted)).toEqual(['r:a'])
    })

    // What is on its way when the newer code comes.
    core.emit([{ log: 'r:a', type: 'iteration.started', payload: { iteration: 1 } }])
    const newer = await openDB(databaseName(scope), SCHEMA_VERSION + 1, {
      upgrade: (db) => void db.createObjectStore('new'),
    })
    const before = await contentsOf(newer)
    await vi.waitFor(() => expect(selectLedgerStatus(page.state()).health.state).toBe('read-only'))
    expect(selectLedgerStatus(page.state()).health).toMatchObject({
      reason: expect.stringContaining('newer version'),
    })
    expect(selectLedgerStatus(page.state()).sources['core']?.state).toBe('elsewhere')
    expect(core.connections()).toBe(0)
    expect([...registry.keys()].filter((name) => name.includes(':ingest:'))).toEqual([])
    // It shows what it had, and says what it cannot do.
    expect(keysOf(page.state().runs.records)).toEqual(['r:a'])
    const sending = page.ledger.send({ log: 'r:a', verb: 'stop', payload: null })
    await expect(sending).rejects.toMatchObject({ kind: 'newer-schema' })
    await page.ledger.whenIdle().catch(() => {})
    await page.ledger.dispose()
    expect(await contentsOf(newer)).toBe(before)
    newer.close()
  })
})

async function contentsOf(db: Awaited<ReturnType<typeof openDB>>): Promise<string> {
  const stores = await Promise.all([...db.objectStoreNames].map((name) => db.getAll(name)))
  return JSON.stringify(stores)
}

describe('what is said between tabs', () => {
  test('T1 S1 nothing but the known kinds, in bounds, is heard', () => {
    const heads = Array.from({ length: 5_000 }, (_, at) => [`r:${at}`, at + 1])
    const read = readTabMessage({ kind: 'at', heads })
    expect(read?.kind === 'at' && read.heads.length).toBe(500)
    const strange: unknown[] = [
      null,
      'at',
      { kind: 'later', heads },
      { kind: 'at' },
      { kind: 'at', heads: 'r:a' },
      {
        kind: 'at',
        heads: [
          ['x:a', 1],
          ['r:a', -1],
          ['r:a', 1.5],
          ['r:', 1],
          ['r:a\n', 1],
          ['r:' + 'x'.repeat(300), 1],
          7,
        ],
      },
      { kind: 'commands', ids: [1, '', 'x'.repeat(501)] },
      { kind: 'ping' },
      { kind: 'pong', instance: {} },
    ]
    expect(strange.map(readTabMessage)).toEqual(strange.map(() => null))
    expect(readTabMessage({ kind: 'at', heads: [['r:__proto__', 1]], v: 9 })).toEqual({
      kind: 'at',
      heads: [['r:__proto__', 1]],
    })
  })

  test('T1 no event, no text and no name of a scope is on the line or in a lock', async () => {
    const scope = `${newScope()} of jane@example.org`
    const heard: unknown[] = []
    const line = broadcastChannels(`run-ledger:${scopeName(scope)}`, (message) => heard.push(message))
    const registry = createLockRegistry()
    const page = openPage(scope, { locks: memoryLocks(registry) })
    await page.boot()
    const lines = script()
    page.source.emit(lines.stream, research(lines))
    await page.ledger.whenIdle()
    await page.ledger.send({ log: RUN, verb: 'stop', payload: { why: 'a secret reason' } })
    await vi.waitFor(() => expect(heard.length).toBeGreaterThanOrEqual(3))
    const known = new Set(['kind', 'heads', 'ids'])
    for (const message of heard)
      expect(Object.keys(message as object).filter((key) => !known.has(key))).toEqual([])
    expect(JSON.stringify(heard)).not.toMatch(/secret|Why|hits|jane/)
    expect([...registry.keys()].join()).toMatch(/run-ledger:[0-9a-f]{32}:page:/)
    expect([...registry.keys()].join()).not.toContain('jane')
    line.close()
    await page.ledger.dispose()
  })

  test('T1 scopes do not share a name, however alike they are', () => {
    const names = Array.from({ length: 20_000 }, (_, at) => scopeName(`user ${at}`))
    expect(new Set([...names, scopeName(''), scopeName('a'), scopeName('b'), scopeName('ab')]).size).toBe(
      20_004,
    )
  })
})

describe('fault F30: going from scope to scope', () => {
  test(
    '1,000 random switches during appends leave no row of another scope anywhere',
    { timeout: 120_000 },
    async () => {
      const scopes = Array.from({ length: 5 }, newScope)
      const told = new Map<string, number>()
      let seed = 7
      const random = (below: number): number => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
        return (seed >>> 8) % below
      }
      let last: { scope: string; page: Page } | null = null
      for (let turn = 0; turn < 1_000; turn += 1) {
        const scope = scopes[random(scopes.length)] ?? ''
        const page = openPage(scope)
        const booting = page.boot()
        const at = told.get(scope) ?? 0
        told.set(scope, at + 1)
        const log = `r:${scopes.indexOf(scope)}.${random(3)}`
        const lines = script(`live:${scope}`, at + 1)
        const event = lines.event(log, 'run.registered', { kind: 'subagent' })
        // Before it is ready, or after.
        if (random(2) === 0) await booting
        page.source.emit(lines.stream, [event])
        await booting
        // The last scope's page speaks once more: to nobody.
        if (last !== null) {
          const { page: old } = last
          old.source.emit(lines.stream, [{ ...event, log: 'r:stray' }])
          await expect(old.ledger.send({ log: 'r:stray', verb: 'stop', payload: null })).rejects.toThrow(
            'closed',
          )
          expect(keysOf(old.state().runs.records)).toEqual([])
        }
        await page.ledger.dispose()
        expect(keysOf(page.state().runs.records)).toEqual([])
        last = { scope, page }
      }
      for (const [index, scope] of scopes.entries()) {
        const db = await openDB(databaseName(scope))
        const rows = (await db.getAllKeys('runs')) as string[]
        const streams = (await db.getAll('streams')) as { stream: string; position: number }[]
        expect(rows.filter((log) => !log.startsWith(`r:${index}.`))).toEqual([])
        expect(streams).toMatchObject([{ stream: `live:${scope}`, position: told.get(scope) ?? 0 }])
        db.close()
      }
    },
  )
})
