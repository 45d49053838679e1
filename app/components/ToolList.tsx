/**
 * Owns the list of a run's tool calls. While it follows a live run it has a fixed height and keeps the latest
 * call in view, so that what is below stays where it is.
 */
import { useEffect, useRef } from 'react'
import type { ToolRow as ToolRowData } from 'run-ledger'
import { ToolRow } from './ToolRow.tsx'

interface ToolListProps {
  calls: readonly ToolRowData[]
  /** When the present attempt began. */
  since: number
  follow: boolean
  /** Nobody confirmed that the run is alive: its open calls are not running either. */
  frozen: boolean
}

export function ToolList({ calls, since, follow, frozen }: ToolListProps) {
  const list = useRef<HTMLUListElement>(null)
  useEffect(() => {
    if (follow) list.current?.scrollTo({ top: list.current.scrollHeight })
  }, [follow, calls.length])
  if (calls.length === 0) return <p className="note tool-list-empty">No tool calls.</p>
  return (
    <ul className="tool-list" ref={list} data-follow={follow} {...(follow && { tabIndex: 0 })}>
      {calls.map((call) => (
        <ToolRow key={call.id} call={call} frozen={frozen} isEarlier={call.startedAt < since} />
      ))}
    </ul>
  )
}
