/** Appends what it is sent as lines of JSON, flushes, answers. */

interface SyncHandle {
  getSize(): number
  write(bytes: Uint8Array, options: { at: number }): number
  flush(): void
}

const root = await navigator.storage.getDirectory()
const file = await root.getFileHandle('bench.log', { create: true })
// Not in the DOM types: workers only.
const handle = await (
  file as unknown as { createSyncAccessHandle(): Promise<SyncHandle> }
).createSyncAccessHandle()
const encoder = new TextEncoder()
let at = handle.getSize()

addEventListener('message', ({ data }: MessageEvent<readonly unknown[]>) => {
  const lines = data.map((event) => `${JSON.stringify(event)}\n`).join('')
  at += handle.write(encoder.encode(lines), { at })
  handle.flush()
  postMessage('durable')
})
postMessage('open')
