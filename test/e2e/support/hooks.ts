/**
 * Owns what tests put into a page before the app starts: a record of everything rows ever showed, and a hand
 * on the worker's messages. The app knows nothing of it.
 */

/** Something a page showed at one time. */
export interface Shown {
  /** The row it belongs to; null outside of rows. */
  rowId: string | null
  part: string
  /** A `data-status`, a word, or `ticking` for a clock or prose that is live. */
  status: string
}

export interface HookOptions {
  /** Milliseconds the gentle pace really waits; null leaves it alone. */
  gentleMs: number | null
  /** The end of this many tool calls is heard; the next, and all after it, wait until `release`. */
  callsHeard: number | null
  /** Calls do not say that they change nothing. */
  effectsUnsaid: boolean
  /** Commands to the worker wait until `release`. */
  holdCommands: boolean
}

export const NO_HOOKS: HookOptions = {
  gentleMs: null,
  callsHeard: null,
  effectsUnsaid: false,
  holdCommands: false,
}

export interface PageHooks {
  shown: Shown[]
  /** The themes of the first second of frames, each once. */
  themes: string[]
  /** A message as if the worker had sent it. */
  hear(message: unknown): void
  /** From now on commands to the worker wait until `release`. */
  holdCommands(): void
  /** Lets everything held go on. */
  release(): void
}

declare global {
  interface Window {
    e2e: PageHooks
  }
}

/** Runs in the page, before its own scripts: everything it needs is inside. */
export function installHooks(options: HookOptions): void {
  interface Message {
    kind?: unknown
    ms?: unknown
    events?: readonly { type: string; payload?: { effect?: unknown } }[]
  }
  // The app's worker is its first; the ledger may start others.
  const workers: Worker[] = []
  let holding = true
  let { holdCommands } = options
  let held: (() => void)[] = []
  let calls = 0
  const shown: Shown[] = []
  const themes: string[] = []

  window.e2e = {
    shown,
    themes,
    hear: (data) => workers[0]?.dispatchEvent(new MessageEvent('message', { data })),
    holdCommands() {
      holding = true
      holdCommands = true
    },
    release() {
      holding = false
      const waiting = held
      held = []
      for (const go of waiting) go()
    },
  }

  window.Worker = class extends window.Worker {
    constructor(url: string | URL, init?: WorkerOptions) {
      super(url, init)
      workers.push(this)
      this.addEventListener('message', (event: MessageEvent<Message | null>) => {
        const { data } = event
        if (options.effectsUnsaid) {
          // What the app reads is this very object.
          for (const { type, payload } of data?.events ?? [])
            if (type === 'tool.started') delete payload?.effect
        }
        if (!holding || options.callsHeard === null || data?.kind !== 'events') return
        const { events = [] } = data
        const limit = options.callsHeard
        const at = events.findIndex(({ type }) => type === 'tool.finished' && ++calls > limit)
        if (calls <= limit) return
        // An orchestrator that is slow, for all the page can tell; the order stays.
        event.stopImmediatePropagation()
        holding = false
        if (at > 0) window.e2e.hear({ ...data, events: events.slice(0, at) })
        holding = true
        held.push(() => window.e2e.hear({ ...data, events: events.slice(Math.max(at, 0)) }))
      })
    }

    override postMessage(message: Message): void {
      if (holding && holdCommands && message.kind === 'command') {
        held.push(() => super.postMessage(message))
        return
      }
      const isGentle = message.kind === 'pace' && message.ms !== 0
      super.postMessage(
        isGentle && options.gentleMs !== null ? { ...message, ms: options.gentleMs } : message,
      )
    }
  }

  let frames = 0
  requestAnimationFrame(function frame() {
    const theme = document.documentElement?.dataset['theme']
    if (theme !== undefined && !themes.includes(theme)) themes.push(theme)
    frames += 1
    if (frames < 60) requestAnimationFrame(frame)
  })

  const known = new Set<string>()
  function record(element: Element, part: string, status: string): void {
    const rowId = element.closest<HTMLElement>('[data-row-id]')?.dataset['rowId'] ?? null
    const key = JSON.stringify([rowId, part, status])
    if (known.has(key)) return
    known.add(key)
    shown.push({ rowId, part, status })
  }
  /** After every commit of React, so before every paint. */
  function sample(): void {
    for (const element of document.querySelectorAll<HTMLElement>('[data-status], [data-live="true"]')) {
      const { testid, status } = element.dataset
      record(element, testid ?? element.className, status ?? 'ticking')
    }
    const texts = document.createTreeWalker(document, NodeFilter.SHOW_TEXT)
    for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
      const word = text.textContent?.trim().toLowerCase().replace(/:$/, '')
      if (word !== 'running' && word !== 'starting') continue
      if (text.parentElement !== null) record(text.parentElement, 'word', word)
    }
  }
  new MutationObserver(sample).observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
    attributeFilter: ['data-status', 'data-live'],
  })
}
