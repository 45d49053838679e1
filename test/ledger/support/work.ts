/** Counts what IndexedDB is asked to do, so that "no scan" and "bounded" are numbers. */
const STORE_READS = ['get', 'getAll', 'getAllKeys', 'openCursor', 'openKeyCursor', 'put', 'count'] as const
const INDEX_READS = ['get', 'getAll', 'openCursor', 'openKeyCursor'] as const

export interface Work {
  /** Requests made, by name. */
  requests: Record<string, number>
  /** Records that came back, one by one or together, and steps of cursors. */
  records: number
}

/** What `task` asks of IndexedDB. Nothing else may run meanwhile. */
export async function workOf(task: () => Promise<unknown>): Promise<Work> {
  const work: Work = { requests: {}, records: 0 }
  const restores = [
    ...STORE_READS.map((name) => counting(IDBObjectStore.prototype, name, work)),
    ...INDEX_READS.map((name) => counting(IDBIndex.prototype, name, work)),
  ]
  try {
    await task()
    return work
  } finally {
    for (const restore of restores) restore()
  }
}

function counting<Proto extends object>(
  prototype: Proto,
  name: keyof Proto & string,
  work: Work,
): () => void {
  const original = prototype[name]
  if (typeof original !== 'function') throw new Error(`no method ${name}`)
  const counted = function (this: unknown, ...args: unknown[]): unknown {
    work.requests[name] = (work.requests[name] ?? 0) + 1
    const request: IDBRequest<unknown> = Reflect.apply(original, this, args)
    // A cursor's request succeeds once per step.
    request.addEventListener('success', () => {
      work.records += Array.isArray(request.result) ? request.result.length : 1
    })
    return request
  }
  Object.defineProperty(prototype, name, { value: counted, configurable: true, writable: true })
  return () => Object.defineProperty(prototype, name, { value: original, configurable: true, writable: true })
}
