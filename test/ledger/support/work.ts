/** Counts what IndexedDB is asked to do, so that "no scan" and "bounded" are numbers. */
const STORE_REQUESTS = [
  'get',
  'getKey',
  'getAll',
  'getAllKeys',
  'openCursor',
  'openKeyCursor',
  'count',
  'put',
  'add',
  'delete',
  'clear',
] as const
const INDEX_REQUESTS = [
  'get',
  'getKey',
  'getAll',
  'getAllKeys',
  'openCursor',
  'openKeyCursor',
  'count',
] as const
const CURSOR_REQUESTS = ['update', 'delete'] as const
const WRITES: ReadonlySet<string> = new Set(['put', 'add', 'update'])

export interface Work {
  /** Requests made, by name. */
  requests: Record<string, number>
  /** Records that came back, one by one or together, and steps of cursors. */
  records: number
  /** Keys and values written, as JSON; a number counts as one digit, however long it has grown. */
  bytes: number
}

/** What `task` asks of IndexedDB. Nothing else may run meanwhile. */
export async function workOf(task: () => Promise<unknown>): Promise<Work> {
  const work: Work = { requests: {}, records: 0, bytes: 0 }
  const restores = [
    ...STORE_REQUESTS.map((name) => counting(IDBObjectStore.prototype, name, work)),
    ...INDEX_REQUESTS.map((name) => counting(IDBIndex.prototype, name, work)),
    ...CURSOR_REQUESTS.map((name) => counting(IDBCursor.prototype, name, work)),
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
    if (WRITES.has(name)) work.bytes += JSON.stringify(args).replaceAll(/\d+/g, '0').length
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
