/** Owns the list of runs: grouped by what they need from a person, ordered by when they began. */
import { useDispatch } from 'react-redux'
import { useLedgerStatus, useRuns, useViewPrefs, useWorkflowRunList } from 'run-ledger/react'
import { BUCKETS, collapseToggled } from 'run-ledger'
import type { Bucket, RunListEntry } from 'run-ledger'
import { count } from '../lib/format.ts'
import { BUCKET_NAMES } from '../lib/status.ts'
import { openHuman } from '../store.ts'
import { Icon } from './Icon.tsx'
import { RunRow } from './RunRow.tsx'
import { Skeleton } from './Skeleton.tsx'

export function RunList() {
  const entries = useRuns()
  const { phase } = useLedgerStatus()
  const hydrated = phase === 'reconciling' || phase === 'ready'
  if (entries.length === 0) return hydrated ? <NoRuns /> : <Skeleton lines={6} label="Loading runs" />
  return (
    <div className="run-groups">
      {BUCKETS.map((bucket) => (
        <RunGroup key={bucket} bucket={bucket} entries={entries.filter((entry) => entry.bucket === bucket)} />
      ))}
      <OlderRuns />
    </div>
  )
}

/** The newest runs are here from the start; the others are a click away, however many there are. */
function OlderRuns() {
  const { total, hasMore, isLoadingMore, loadMore, error } = useWorkflowRunList()
  if (error !== null) {
    return (
      <p className="note note-bad" role="alert">
        Older runs cannot be read: {error.message}
      </p>
    )
  }
  if (!hasMore) return null
  return (
    <div className="older-runs" data-testid="older-runs">
      <button type="button" className="button" disabled={isLoadingMore} onClick={loadMore}>
        {isLoadingMore ? 'Reading…' : 'Show older runs'}
      </button>
      {total !== null && (
        <span className="note">
          {total.exact ? '' : 'At least '}
          {count(total.count, 'run')} stored
        </span>
      )}
    </div>
  )
}

function NoRuns() {
  const { health } = useLedgerStatus()
  return (
    <div className="empty" data-testid="no-runs">
      <h3>No runs yet</h3>
      {openHuman === null ? (
        <p>
          Write a question, choose some documents and start. If you have none at hand, use the sample set: the
          papers of a fictional outdoor shop, one of them out of date.
        </p>
      ) : (
        <p>Write a message to OpenHuman, or start a workflow. What it does is shown here as it happens.</p>
      )}
      {health.state === 'ok' && (
        <p>Every run is written down as it happens, so it is still here after a reload.</p>
      )}
    </div>
  )
}

function RunGroup({ bucket, entries }: { bucket: Bucket; entries: readonly RunListEntry[] }) {
  const { collapsed } = useViewPrefs()
  const dispatch = useDispatch()
  if (entries.length === 0) return null
  const open = !collapsed.includes(bucket)
  const id = `group-${bucket}`
  return (
    <section className="run-group" data-testid="run-group" data-kind={bucket} aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`}>
        <button
          type="button"
          className="group-toggle"
          aria-expanded={open}
          aria-controls={id}
          onClick={() => dispatch(collapseToggled(bucket))}
        >
          <Icon name="chevron" />
          {BUCKET_NAMES[bucket]}
          <span className="group-count">{entries.length}</span>
        </button>
      </h3>
      <ul id={id} className="run-list" hidden={!open}>
        {open && entries.map((entry) => <RunRow key={entry.log} entry={entry} />)}
      </ul>
    </section>
  )
}
