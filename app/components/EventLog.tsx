/** Owns the event log of a run: its latest events, oldest first, with everything an event says on demand. */
import { useEffect, useRef, useState } from 'react'
import { useRunEvents } from 'run-ledger/react'
import { describeEvent } from 'run-ledger'
import type { LogId, RunEvent } from 'run-ledger'
import { count, formatClock, formatFull } from '../lib/format.ts'
import { visible } from '../lib/visible.ts'
import { ToneIcon } from './Icon.tsx'

export function EventLog({ log }: { log: LogId }) {
  const { events, persistedSequence, hasEarlier, missing, loadEarlier } = useRunEvents(log)
  const [loading, setLoading] = useState(false)
  const list = useRef<HTMLOListElement>(null)
  const last = events.at(-1)?.sequence ?? 0
  const pending = events.filter(({ sequence }) => sequence > persistedSequence).length

  // New events are followed while the reader is at the end, and never pull the reader away from above.
  const atEnd = useRef(true)
  const linked = useRef(location.hash.startsWith('#event-') ? location.hash.slice(1) : null)
  useEffect(() => {
    const target = linked.current === null ? null : document.getElementById(linked.current)
    if (target !== null) {
      // The address names an event: it is shown once, when it is there.
      target.scrollIntoView({ block: 'center' })
      // The browser marks only what was there when the page opened.
      target.dataset['linked'] = 'true'
      linked.current = null
      atEnd.current = false
    } else if (atEnd.current) list.current?.scrollTo({ top: list.current.scrollHeight })
  }, [last])

  async function load(): Promise<void> {
    setLoading(true)
    await loadEarlier().catch(() => false)
    setLoading(false)
  }

  return (
    <section className="events" aria-labelledby="events-title">
      <div className="section-head">
        <h2 id="events-title">Events</h2>
        <span className="note">
          {pending > 0 ? `${count(pending, 'event')} not yet on disk` : count(last, 'event')}
        </span>
        {hasEarlier && (
          <button type="button" className="link-button" disabled={loading} onClick={load}>
            {loading ? 'Loading…' : 'Load earlier'}
          </button>
        )}
      </div>
      {missing > 0 && (
        <p className="events-missing" data-tone="bad" data-testid="missing-events">
          <ToneIcon tone="bad" />
          {count(missing, 'event')} of this run{' '}
          {missing === 1
            ? 'is no longer stored: the browser lost it.'
            : 'are no longer stored: the browser lost them.'}
        </p>
      )}
      <ol
        className="event-list"
        ref={list}
        // Where all is lost, an empty box says nothing.
        hidden={events.length === 0 && missing > 0}
        tabIndex={0}
        aria-label="Events"
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          atEnd.current = scrollHeight - scrollTop - clientHeight < 24
        }}
      >
        {events.map((event) => (
          <EventRow key={event.sequence} event={event} durable={event.sequence <= persistedSequence} />
        ))}
      </ol>
    </section>
  )
}

function EventRow({ event, durable }: { event: RunEvent; durable: boolean }) {
  const [open, setOpen] = useState(false)
  const { title, detail, tone } = describeEvent(event)
  const { sequence, timestamp, type } = event
  return (
    <li
      className="event-row"
      id={durable ? `event-${sequence}` : undefined}
      data-testid="event-row"
      data-row-id={`${event.log}:${sequence}`}
      data-kind={type}
      data-tone={tone}
      data-durable={durable}
      title={durable ? undefined : 'Not yet on disk'}
    >
      <button type="button" className="event-line" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className="event-sequence">{sequence}</span>
        <time className="event-time" title={formatFull(timestamp)}>
          {formatClock(timestamp)}
        </time>
        <span className="event-dot" />
        <span className="event-title">{visible(title)}</span>
        <span className="event-detail">{visible(detail ?? '')}</span>
      </button>
      {open && <EventBody event={event} durable={durable} />}
    </li>
  )
}

function EventBody({ event, durable }: { event: RunEvent; durable: boolean }) {
  const { type, sequence, attempt, stream, position, payload } = event
  return (
    <div className="event-body">
      <p className="note">
        <code>{type}</code> · attempt {attempt} · <code>{stream}</code> at <code>{position}</code>
        {durable && (
          <>
            {' · '}
            <a href={`#event-${sequence}`}>Link to this event</a>
          </>
        )}
      </p>
      <pre tabIndex={0}>{visible(JSON.stringify(payload, null, 2))}</pre>
    </div>
  )
}
