/** A page that dies in the middle of a write, on IndexedDB itself: what was not committed is gone. */
export type CrashPoint =
  /** The transaction aborts at its n-th put: the page is gone. */
  | { at: 'put'; nth: number }
  /** It aborts where it would commit. */
  | { at: 'commit' }
  /** It commits, and nobody hears of it. */
  | { at: 'receipt' }

/** View preferences have a database of their own. */
const isLedger = ({ db }: IDBTransaction): boolean => db.name.startsWith('run-ledger:')

/** Runs `task` on a page that dies at the given point; tells whether it got that far, and what it was told. */
export async function dyingAt(
  point: CrashPoint,
  task: () => Promise<unknown>,
): Promise<{ died: boolean; acked: boolean }> {
  const { put } = IDBObjectStore.prototype
  const { commit } = IDBTransaction.prototype
  let puts = 0
  let died = point.at === 'receipt'
  IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...args) {
    if (!isLedger(this.transaction)) return put.apply(this, args)
    puts += 1
    if (point.at === 'put' && puts === point.nth) {
      died = true
      this.transaction.abort()
    }
    return put.apply(this, args)
  }
  IDBTransaction.prototype.commit = function (this: IDBTransaction) {
    if (point.at === 'commit' && puts > 0 && isLedger(this)) {
      died = true
      this.abort()
    } else commit.call(this)
  }
  try {
    const acked = await task().then(
      () => true,
      () => false,
    )
    return { died, acked }
  } finally {
    IDBObjectStore.prototype.put = put
    IDBTransaction.prototype.commit = commit
  }
}

/** Runs `task` on a disk that turns out to be full when a transaction commits. */
export async function fullAtCommit(task: () => Promise<unknown>): Promise<void> {
  const { commit } = IDBTransaction.prototype
  IDBTransaction.prototype.commit = function (this: IDBTransaction) {
    // The one private name of fake-indexeddb: no public one fails a transaction with an error of its own.
    ;(this as unknown as { _abort(name: string): void })._abort('QuotaExceededError')
  }
  try {
    await task()
  } finally {
    IDBTransaction.prototype.commit = commit
  }
}
