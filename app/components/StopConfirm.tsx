/** Owns asking once more before a stop that ends the work of others. */
import { useEffect, useId, useRef } from 'react'

interface StopConfirmProps {
  consequence: string
  onStop: () => void
  onCancel: () => void
}

export function StopConfirm({ consequence, onStop, onCancel }: StopConfirmProps) {
  const id = useId()
  const stop = useRef<HTMLButtonElement>(null)
  useEffect(() => stop.current?.focus(), [])
  return (
    <div
      className="action-panel"
      role="group"
      aria-labelledby={id}
      data-testid="stop-confirm"
      onKeyDown={({ key }) => key === 'Escape' && onCancel()}
    >
      <p id={id}>{consequence}</p>
      <div className="action-panel-foot">
        <button
          type="button"
          className="button button-bad"
          data-testid="stop-all"
          ref={stop}
          onClick={onStop}
        >
          Stop all
        </button>
        <button type="button" className="button" onClick={onCancel}>
          Keep going
        </button>
      </div>
    </div>
  )
}
