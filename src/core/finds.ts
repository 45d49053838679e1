/** Owns what a search for secrets collects: where they are, and where the end of the text leaves it open. */

export interface Found {
  start: number
  end: number
  kind: string
}

export interface Finds {
  add(start: number, end: number, kind: string): void
  /** More text may make a secret of what begins at `start`; `context` is where its name or mark begins. */
  mayGoOn(context: number, start: number): void
}

/** For whole texts: nothing comes after their end. */
export class FoundSpans implements Finds {
  readonly spans: Found[] = []

  add(start: number, end: number, kind: string): void {
    if (end > start) this.spans.push({ start, end, kind })
  }

  mayGoOn(_context: number, _start: number): void {}

  /** In order, overlapping ones as one; the kind is that of the one found first, and a mark beats a name. */
  merged(): readonly Found[] {
    const merged: Found[] = []
    for (const span of this.spans.toSorted((a, b) => a.start - b.start)) {
      const last = merged.at(-1)
      if (last === undefined || span.start >= last.end) merged.push({ ...span })
      else last.end = Math.max(last.end, span.end)
    }
    return merged
  }
}

/** For the beginning of a text: remembers what its continuation may change. */
export class OpenSpans extends FoundSpans {
  /** From here on it is not yet known what is a secret. */
  hold = Number.POSITIVE_INFINITY
  /** From here on the text is needed to judge what follows. */
  context = Number.POSITIVE_INFINITY

  override mayGoOn(context: number, start: number): void {
    this.hold = Math.min(this.hold, start)
    this.context = Math.min(this.context, context)
  }
}
