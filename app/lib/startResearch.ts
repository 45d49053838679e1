/**
 * Owns asking: the documents are stored before the workflow that refers to them is started. SPEC O1 begins
 * with the command; a document stored for nothing is swept later.
 */
import type { Store } from '@reduxjs/toolkit'
import { randomIds, selectWorkflow } from 'run-ledger'
import type { Json, RunLedger } from 'run-ledger'
import { documentResearch } from '../research/definition.ts'
import type { AppState } from '../store.ts'
import type { StoredDocument } from './researchInput.ts'

export interface ChosenDocument {
  name: string
  text: string
}

export interface ResearchRequest {
  question: string
  documents: readonly StoredDocument[]
  /** The conversation to go on with; null begins one. */
  threadId: string | null
}

export interface StartedResearch {
  workflowRunId: string
  threadId: string
}

type AppStore = Pick<Store<AppState>, 'getState' | 'subscribe'>

/** How long a page waits for a run it has just started. */
const VISIBLE_WITHIN_MS = 3_000

/** Keeps the texts under references made of their content: the same document is kept once. */
export async function keepDocuments(
  { content }: RunLedger,
  documents: readonly ChosenDocument[],
): Promise<readonly StoredDocument[]> {
  const kept: StoredDocument[] = []
  for (const { name, text } of documents) {
    const ref = `doc:${await contentId(text)}`
    await content.put(ref, text)
    kept.push({ name, ref, chars: text.length })
  }
  return kept
}

/** Rejects with a reason to show when nobody took the command. */
export async function startResearch(
  runs: RunLedger,
  store: AppStore,
  { question, documents, threadId }: ResearchRequest,
): Promise<StartedResearch> {
  const parentThreadId = threadId ?? randomIds.next()
  const { workflowRunId, command } = await runs.start({
    // Declared as data; its type only lacks the index signature of JSON.
    definition: documentResearch as unknown as Json,
    input: { question: readable(question), documents: [...documents] },
    parentThreadId,
  })
  if (command.state !== 'delivered' && command.state !== 'applied') {
    throw new Error(command.detail ?? `The start is ${command.state}.`)
  }
  await visible(store, workflowRunId)
  return { workflowRunId, threadId: parentThreadId }
}

/** Signs that turn the reading direction around, for all that follows, are not part of a question. */
const readable = (question: string): string => question.replace(/[\u202a-\u202e\u2066-\u2069]/g, '').trim()

/** The receipt is quicker than the first event; a page opened between the two would know nothing yet. */
function visible(store: AppStore, workflowRunId: string): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (selectWorkflow(store.getState(), workflowRunId) === null) return
      unsubscribe()
      clearTimeout(timer)
      resolve()
    }
    const unsubscribe = store.subscribe(check)
    const timer = setTimeout(() => {
      unsubscribe()
      resolve()
    }, VISIBLE_WITHIN_MS)
    check()
  })
}

async function contentId(text: string): Promise<string> {
  // Missing where the page is not served securely; then a document may be kept twice, nothing worse.
  const { subtle } = crypto as { subtle?: SubtleCrypto }
  if (subtle === undefined) return randomIds.next()
  const digest = await subtle.digest('SHA-256', new TextEncoder().encode(text))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
