/** Owns what a person can know about the stored runs: how much, in how many copies, and whether it will stay. */
import type { ReactNode } from 'react'
import { useLedgerStatus, useRunLedger, useTask } from 'run-ledger/react'
import type { StorageReport } from 'run-ledger'
import { count, formatBytes } from '../lib/format.ts'

interface StorageFactsProps {
  report: StorageReport
  refresh: () => void
}

export function StorageFacts({ report, refresh }: StorageFactsProps) {
  const { copies, health } = useLedgerStatus()
  const { counts, chars, texts, estimate } = report
  return (
    <dl className="facts storage-facts" data-testid="storage-facts">
      <Fact name="Runs">
        {count(counts.workflows, 'workflow run')}, {count(counts.runs, 'agent run')}
      </Fact>
      <Fact name="Events">
        {count(counts.events, 'event')}; with results and reports {formatBytes(chars)} of text
      </Fact>
      <Fact name="Documents and long texts">{count(texts, 'text')}, stored beside the runs</Fact>
      <Fact name="Copies">{copiesWords(copies, health.state)}</Fact>
      <Fact name="Used by this site">
        {estimate === null ? (
          'This browser does not say.'
        ) : (
          <>
            About {formatBytes(estimate.usage)}
            <span className="note storage-meaning">
              The browser reckons with up to {formatBytes(estimate.quota)} for this site. That is an estimate;
              it says nothing about the room on the disk.
            </span>
          </>
        )}
      </Fact>
      <Fact name="Kept by the browser">
        <Persistence report={report} refresh={refresh} />
      </Fact>
    </dl>
  )
}

function copiesWords(copies: number, health: string): string {
  if (health === 'memory-only') return 'None on disk: everything is gone when this page closes.'
  if (copies > 1) return `${copies} on disk. If the browser damages one, the other puts it right.`
  if (copies === 1) return '1 on disk.'
  return 'Nothing was written on this page yet.'
}

const MEANING = {
  kept: 'Yes. It stays until you clear this site’s data yourself.',
  denied:
    'No. The browser was asked and declined, so it may clear the runs when the disk gets full. Export what matters.',
  open: 'Not promised. The browser may clear the runs when the disk gets full.',
  unknown: 'This browser does not say.',
} as const

function Persistence({ report: { persisted, answer }, refresh }: StorageFactsProps) {
  const ledger = useRunLedger()
  const task = useTask<unknown>()
  if (persisted === true) return MEANING.kept
  if (persisted === null) return MEANING.unknown
  if (answer !== null) return MEANING.denied
  return (
    <>
      {MEANING.open}
      <span className="note storage-meaning">It is asked once by itself, after the first run that ends.</span>
      <button
        type="button"
        className="link-button"
        data-testid="persist-button"
        disabled={task.running}
        onClick={() => void task.start(() => ledger.storage.persist().finally(refresh))}
      >
        Ask it now
      </button>
      {task.error !== null && <span className="note note-bad">{task.error}</span>}
    </>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
