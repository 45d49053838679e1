/** Owns prose while it streams, in a place of fixed height. It is never stored, so it is gone afterwards. */
import { useEffect, useRef } from 'react'
import { useLiveText } from 'run-ledger/react'
import { visible } from '../lib/visible.ts'

export function LiveProse({ runId }: { runId: string }) {
  const live = useLiveText(runId)
  const box = useRef<HTMLDivElement>(null)
  const text = live?.text ?? ''
  useEffect(() => {
    box.current?.scrollTo({ top: box.current.scrollHeight })
  }, [text])
  return (
    <div className="live-prose" ref={box} data-testid="live-text">
      {visible(text)}
    </div>
  )
}
