/**
 * Owns IndexedDB that fails where it is told to: every open, transaction, request, success, commit and complete of
 * one database is a numbered point, and any of them can throw, abort, hang, close the connection, or be the last
 * thing a page sees. Works on fake-indexeddb; what it needs beyond the standard are the private names in `Inner`.
 */
import { databaseName } from '../../../src/ledger/indexedDb.ts'

export type PointKind = 'open' | 'opened' | 'transaction' | 'request' | 'success' | 'commit' | 'complete'

export interface Point {
  kind: PointKind
  /** Counts from 1 over all kinds. */
  number: number
  /** Null outside of transactions. */
  mode: IDBTransactionMode | null
  /** The request's method, or the stores of the transaction. */
  what: string
}

export type Injury =
  /** The call itself throws. */
  | { kind: 'throw'; name: string }
  /** The transaction aborts with this error, or the open fails with it. `landed`: it only says so. */
  | { kind: 'abort'; name: string; landed: boolean }
  /** Nothing of it is ever heard again. `landed`: what was asked for is done all the same. */
  | { kind: 'hang'; landed: boolean }
  /** The page is gone: nothing is heard of anything again, until `revive`. */
  | { kind: 'die'; landed: boolean }
  /** The browser closes the connection; what is under way aborts, as the standard wants it. */
  | { kind: 'close' }

export interface FaultIdb {
  /** Decides at every point; null lets it pass. */
  injure: (point: Point) => Injury | null
  /** Points passed so far. */
  passed(): number
  points: Point[]
  /** What was injured, in order. */
  hit: Point[]
  isDead(): boolean
  /** The page is gone this very moment; `landed`: what it asked for is done all the same. */
  kill(landed: boolean): void
  /** The dead page's connections are closed; the next one begins. */
  revive(): void
  uninstall(): void
}

/** What fake-indexeddb 6.2 does not show by its types. */
interface Inner extends IDBTransaction {
  _abort(name: string | null): void
  _start(): void
  _state: 'active' | 'inactive' | 'committing' | 'finished'
  db: IDBDatabase & { _rawDatabase: { processTransactions(): void } }
}
type Target = IDBRequest | IDBTransaction | IDBDatabase
interface Dispatching {
  dispatchEvent(this: Target, event: Event): boolean
}

/** Its events are of a class of their own. */
const FakeEvent = Object.getPrototypeOf(IDBVersionChangeEvent) as typeof Event

const READS = ['get', 'getKey', 'getAll', 'getAllKeys', 'openCursor', 'openKeyCursor', 'count'] as const
const WRITES = ['put', 'add', 'delete', 'clear'] as const

/** Installs itself for the database of `scope`; one at a time. */
export function faultIdb(scope: string): FaultIdb {
  const name = databaseName(scope)
  const restores: (() => void)[] = []
  const ours = new WeakSet<Target>()
  const transactions = new WeakMap<IDBRequest, Inner>()
  const muted = new WeakSet<Target>()
  const hung = new WeakSet<IDBTransaction>()
  /** Transactions that land and say that they did not. */
  const lying = new WeakMap<IDBTransaction, string>()
  const undone = new WeakSet<IDBTransaction>()
  const connections = new Set<IDBDatabase>()
  const running = new Set<Inner>()
  let dead = false
  let count = 0

  const faults: FaultIdb = {
    injure: () => null,
    passed: () => count,
    points: [],
    hit: [],
    isDead: () => dead,
    kill: die,
    revive() {
      for (const db of connections) db.close()
      connections.clear()
      running.clear()
      dead = false
    },
    uninstall() {
      for (const restore of restores.toReversed()) restore()
    },
  }

  function pass(kind: PointKind, tx: IDBTransaction | null, what: string): Injury | null {
    if (dead) return null
    count += 1
    const point: Point = { kind, number: count, mode: tx?.mode ?? null, what }
    faults.points.push(point)
    const injury = faults.injure(point)
    if (injury !== null) faults.hit.push(point)
    if (injury?.kind === 'throw') throw new DOMException(`injected at ${kind} of ${what}`, injury.name)
    return injury
  }

  function hurt(injury: Injury, tx: Inner): void {
    switch (injury.kind) {
      case 'abort':
        if (injury.landed) lying.set(tx, injury.name)
        // Never in the middle of a task, as in browsers.
        else setImmediate(() => isOver(tx) || rollBack(tx, injury.name))
        return
      case 'hang':
        muted.add(tx)
        if (!injury.landed) hung.add(tx)
        return
      case 'die':
        die(injury.landed)
        return
      case 'close':
        forceClose(tx.db)
    }
  }

  function die(landed: boolean): void {
    dead = true
    for (const tx of running) {
      muted.add(tx)
      if (!landed) hung.add(tx)
    }
    for (const db of connections) muted.add(db)
    if (!landed) for (const tx of running) rollBack(tx)
  }

  function forceClose(db: IDBDatabase): void {
    for (const tx of running) if (tx.db === db) rollBack(tx, 'AbortError')
    db.close()
    connections.delete(db)
    setImmediate(() => dispatch.call(db, new FakeEvent('close')))
  }

  // ---- calls

  patch(
    IDBFactory.prototype,
    'open',
    (open) =>
      function (this: IDBFactory, ...args: [string, number?]) {
        if (args[0] !== name) return open.apply(this, args)
        const injury = pass('open', null, name)
        const request = open.apply(this, args)
        ours.add(request)
        if (dead) muted.add(request)
        if (injury !== null) hurtOpening(injury, request)
        return request
      },
  )

  function hurtOpening(injury: Injury, request: IDBOpenDBRequest): void {
    muted.add(request)
    if (injury.kind === 'die') die(injury.landed)
    if (injury.kind === 'abort') setImmediate(() => failOpening(request, injury.name))
  }

  function failOpening(request: IDBOpenDBRequest, error: string): void {
    Object.defineProperty(request, 'error', {
      value: new DOMException('injected', error),
      configurable: true,
      writable: true,
    })
    dispatch.call(request, new FakeEvent('error'))
  }

  patch(
    IDBDatabase.prototype,
    'close',
    (close) =>
      function (this: IDBDatabase) {
        // Who gives a connection up gets rid of what hangs on it, as with a browser that closes it by force.
        for (const tx of running) if (tx.db === this && hung.has(tx)) rollBack(tx)
        close.call(this)
      },
  )

  patch(
    IDBDatabase.prototype,
    'transaction',
    (transaction) =>
      function (this: IDBDatabase, ...args: Parameters<IDBDatabase['transaction']>) {
        const tx = transaction.apply(this, args) as Inner
        if (this.name !== name || tx.mode === 'versionchange') return tx
        ours.add(tx)
        running.add(tx)
        if (dead) {
          muted.add(tx)
          hung.add(tx)
          return tx
        }
        const injury = pass('transaction', tx, [args[0]].flat().join(' '))
        if (injury !== null) hurt(injury, tx)
        return tx
      },
  )

  const asked = (request: IDBRequest, tx: Inner, what: string): IDBRequest => {
    if (!ours.has(tx)) return request
    transactions.set(request, tx)
    const injury = pass('request', tx, what)
    if (injury !== null) hurt(injury, tx)
    return request
  }
  for (const method of [...READS, ...WRITES]) {
    patch(
      IDBObjectStore.prototype,
      method,
      (original) =>
        function (this: IDBObjectStore, ...args: never[]) {
          return asked(
            Reflect.apply(original, this, args) as IDBRequest,
            this.transaction as Inner,
            `${method} ${this.name}`,
          )
        },
    )
  }
  for (const method of READS) {
    patch(
      IDBIndex.prototype,
      method,
      (original) =>
        function (this: IDBIndex, ...args: never[]) {
          const { transaction, name: store } = this.objectStore
          return asked(
            Reflect.apply(original, this, args) as IDBRequest,
            transaction as Inner,
            `${method} ${store}.${this.name}`,
          )
        },
    )
  }

  patch(
    IDBTransaction.prototype,
    'commit',
    (commit) =>
      function (this: IDBTransaction) {
        if (ours.has(this)) {
          const injury = pass('commit', this, [...this.objectStoreNames].join(' '))
          if (injury !== null) hurt(injury, this as Inner)
        }
        commit.call(this)
      },
  )

  patch(
    IDBTransaction.prototype as Inner,
    '_start',
    (start) =>
      function (this: Inner) {
        if (!hung.has(this)) start.call(this)
      },
  )

  // ---- events

  const { dispatchEvent: dispatch } = Object.getPrototypeOf(IDBRequest.prototype) as Dispatching
  patch(
    Object.getPrototypeOf(IDBRequest.prototype) as Dispatching,
    'dispatchEvent',
    () =>
      function (this: Target, event: Event) {
        if (this instanceof IDBOpenDBRequest) return opening(this, event)
        if (this instanceof IDBTransaction) return settling(this as Inner, event)
        const tx = this instanceof IDBRequest ? transactions.get(this) : undefined
        if (tx === undefined) return muted.has(this) || dispatch.call(this, event)
        if (event.type === 'success' && !muted.has(tx)) {
          const injury = pass('success', tx, [...tx.objectStoreNames].join(' '))
          if (injury !== null) hurt(injury, tx)
        }
        return muted.has(tx) || dispatch.call(this, event)
      },
  )

  function opening(request: IDBOpenDBRequest, event: Event): boolean {
    if (!ours.has(request)) return dispatch.call(request, event)
    // A page that does not hear of an upgrade makes none.
    if (event.type === 'upgradeneeded' && muted.has(request)) request.transaction?.abort()
    if (event.type === 'success') {
      connections.add(request.result)
      const injury = muted.has(request) ? null : pass('opened', null, name)
      if (injury?.kind === 'abort') {
        request.result.close()
        failOpening(request, injury.name)
        return true
      }
      if (injury?.kind === 'close') setImmediate(() => forceClose(request.result))
      else if (injury !== null) hurtOpening(injury, request)
      if (muted.has(request)) request.result.close()
    }
    return muted.has(request) || dispatch.call(request, event)
  }

  function settling(tx: Inner, event: Event): boolean {
    if (event.type !== 'complete' && event.type !== 'abort') return muted.has(tx) || dispatch.call(tx, event)
    const injury =
      event.type === 'complete' && ours.has(tx) && !muted.has(tx)
        ? pass('complete', tx, [...tx.objectStoreNames].join(' '))
        : null
    if (injury !== null) {
      if (injury.kind === 'die') die(injury.landed)
      else if (injury.kind === 'hang') muted.add(tx)
      else if (injury.kind === 'abort' && injury.landed) lying.set(tx, injury.name)
      else if (injury.kind === 'close') forceClose(tx.db)
      if (injury.kind !== 'close' && 'landed' in injury && !injury.landed) {
        running.delete(tx)
        rollBack(tx, injury.kind === 'abort' ? injury.name : null)
        return true
      }
    }
    running.delete(tx)
    // Those behind it wait for an event that nobody will hear.
    if (muted.has(tx)) tx.db._rawDatabase.processTransactions()
    const lie = lying.get(tx)
    if (lie !== undefined && event.type === 'complete' && !muted.has(tx)) {
      Object.defineProperty(tx, 'error', { value: new DOMException('injected', lie) })
      return dispatch.call(tx, new FakeEvent('abort'))
    }
    return muted.has(tx) || dispatch.call(tx, event)
  }

  /** Takes back what a transaction wrote, once, even when it is through already. */
  function rollBack(tx: Inner, error: string | null = null): void {
    running.delete(tx)
    if (undone.has(tx)) return
    undone.add(tx)
    tx._abort(error)
  }

  function patch<Owner extends object, Key extends keyof Owner & string>(
    owner: Owner,
    key: Key,
    wrap: (original: Owner[Key]) => unknown,
  ): void {
    const original = owner[key]
    Object.defineProperty(owner, key, { value: wrap(original), configurable: true, writable: true })
    restores.push(() =>
      Object.defineProperty(owner, key, { value: original, configurable: true, writable: true }),
    )
  }

  return faults
}

const isOver = (tx: Inner): boolean => tx._state === 'finished'
