/** Owns switching the gentle pace, and saying what it does. */
import { useId } from 'react'
import { useDispatch } from 'react-redux'
import { useViewPrefs } from 'run-ledger/react'
import { choiceMade } from 'run-ledger'
import { GENTLE_MS, isGentle, PACE_CHOICE } from '../lib/pace.ts'

export function PaceSwitch() {
  const gentle = isGentle(useViewPrefs())
  const dispatch = useDispatch()
  const id = useId()
  return (
    <div className="pace">
      <label className="switch">
        <input
          type="checkbox"
          role="switch"
          data-testid="pace-switch"
          checked={gentle}
          aria-describedby={id}
          onChange={({ target }) =>
            dispatch(choiceMade({ name: PACE_CHOICE, value: target.checked ? 'gentle' : 'off' }))
          }
        />
        <span>Gentle pace</span>
      </label>
      <p id={id} className="note">
        {gentle
          ? `Waits ${GENTLE_MS} ms between steps so that you can watch. Turn it off to run at full speed.`
          : `Agents run at full speed. Turn it on to wait ${GENTLE_MS} ms between steps and watch.`}
      </p>
    </div>
  )
}
