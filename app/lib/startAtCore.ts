/** Owns beginning something at an OpenHuman core, and waiting until the ledger has heard of it. */
import type { Store } from '@reduxjs/toolkit'
import { useStore } from 'react-redux'
import { randomIds, selectRunList } from 'run-ledger'
import type { RunListEntry } from 'run-ledger'
import { useRunLedger } from 'run-ledger/react'
import type { AppState } from '../store.ts'
import type { OpenHuman } from './sources.ts'

/** The one that every core has. */
const WORKFLOW = 'parallel_research_cross_check'
/** How long a page waits for what it has just begun. */
const VISIBLE_WITHIN_MS = 5_000

export function useStartAtCore(openHuman: OpenHuman) {
  const store = useStore<AppState>()
  const runs = useRunLedger()
  return {
    /** Gives the new conversation. */
    async write(text: string): Promise<string> {
      const threadId = `thread-${randomIds.next()}`
      await openHuman.write(threadId, text)
      await listed(store, (entry) => entry.threadId === threadId)
      return threadId
    },
    /** Gives the new workflow run: the core chooses its id. */
    async startWorkflow(question: string): Promise<string> {
      const known = new Set(workflowsIn(store.getState()).map(({ id }) => id))
      const { command } = await runs.start({ definitionId: WORKFLOW, input: { question } })
      if (command.state !== 'delivered' && command.state !== 'applied')
        throw new Error(command.detail ?? `The start is ${command.state}.`)
      const isNew = ({ id, entity }: RunListEntry): boolean => entity === 'workflow' && !known.has(id)
      const entry = await listed(store, isNew)
      if (entry === undefined) throw new Error('OpenHuman took it, and has not told of it yet.')
      return entry.id
    },
  }
}

const workflowsIn = (state: AppState): readonly RunListEntry[] =>
  selectRunList(state).filter(({ entity }) => entity === 'workflow')

/** The entry once it is there; undefined when it takes too long. */
function listed(
  store: Pick<Store<AppState>, 'getState' | 'subscribe'>,
  isMeant: (entry: RunListEntry) => boolean,
): Promise<RunListEntry | undefined> {
  return new Promise((resolve) => {
    const end = (entry?: RunListEntry): void => {
      unsubscribe()
      clearTimeout(timer)
      resolve(entry)
    }
    const check = (): void => {
      const entry = selectRunList(store.getState()).find(isMeant)
      if (entry !== undefined) end(entry)
    }
    const unsubscribe = store.subscribe(check)
    const timer = setTimeout(end, VISIBLE_WITHIN_MS)
    check()
  })
}
