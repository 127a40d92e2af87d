// The stage: own moves go out, those of others come in. Places are parts of the stage, so that windows of any size agree.

const SVG = '<svg viewBox="0 0 22 24"><path d="M3 2v17l4.6-4.2 2.9 6.4 3.2-1.4-2.9-6.4 6.2-.6z"/></svg>'
const SAID_FOR = 6000
const STEP = 0.02
const calm = matchMedia('(prefers-reduced-motion: reduce)')
const part = (value) => (Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0)

export const stage = ({ sea, layer, onMove, onRipple }) => {
  const cursors = new Map()
  const template = document.createElement('template')
  template.innerHTML = SVG
  let size = { width: layer.clientWidth, height: layer.clientHeight }
  new ResizeObserver(() => {
    size = { width: layer.clientWidth, height: layer.clientHeight }
    cursors.forEach(place)
    draw()
  }).observe(layer)

  // ---- others

  const place = (cursor) => {
    cursor.x = cursor.to.x * size.width
    cursor.y = cursor.to.y * size.height
  }

  const cursorOf = (id) => {
    if (!cursors.has(id)) {
      const element = document.createElement('div')
      element.className = 'cursor'
      element.append(template.content.cloneNode(true), document.createElement('b'), document.createElement('q'))
      cursors.set(id, { element, to: undefined, person: undefined })
    }
    return cursors.get(id)
  }

  const paint = ({ element, x, y }) => {
    element.style.transform = `translate3d(${x.toFixed(1)}px, ${y.toFixed(1)}px, 0)`
    element.classList.toggle('left', x > size.width - 200)
    element.classList.toggle('above', y > size.height - 110)
  }

  let drawing = false
  // Half of the way with each frame: smooth, and never more than a few frames behind.
  const draw = () => {
    drawing = false
    for (const cursor of cursors.values()) {
      if (!cursor.to) continue
      const dx = cursor.to.x * size.width - cursor.x
      const dy = cursor.to.y * size.height - cursor.y
      const there = calm.matches || Math.abs(dx) + Math.abs(dy) < 0.5
      cursor.x += there ? dx : dx * 0.55
      cursor.y += there ? dy : dy * 0.55
      paint(cursor)
      if (!there) drawSoon()
    }
  }
  const drawSoon = () => {
    if (!drawing) requestAnimationFrame(draw)
    drawing = true
  }

  const move = (id, to) => {
    const cursor = cursorOf(id)
    const first = !cursor.to
    cursor.to = { x: part(to?.x), y: part(to?.y) }
    if (first) {
      place(cursor)
      paint(cursor)
      layer.append(cursor.element)
    } else drawSoon()
  }

  const ripple = (at, colour) => {
    const element = document.createElement('div')
    element.className = 'ripple'
    element.dataset.colour = colour
    element.style.transform = `translate3d(${part(at?.x) * size.width}px, ${part(at?.y) * size.height}px, 0)`
    element.addEventListener('animationend', () => element.remove())
    layer.append(element)
  }

  // ---- oneself

  let own = { x: 0.5, y: 0.5 }
  let sending = false
  // One message for each frame, however many moves the mouse reports.
  const moved = (at) => {
    own = at
    if (!sending) {
      requestAnimationFrame(() => {
        sending = false
        onMove(own)
      })
    }
    sending = true
  }

  const at = (event) => {
    const box = layer.getBoundingClientRect()
    return { x: part((event.clientX - box.left) / box.width), y: part((event.clientY - box.top) / box.height) }
  }

  const stageElement = layer.parentElement
  stageElement.addEventListener('pointermove', (event) => moved(at(event)))
  sea.addEventListener('pointerdown', (event) => {
    moved(at(event))
    onRipple(at(event))
  })
  sea.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key]
    if (step) {
      event.preventDefault()
      const far = event.shiftKey ? 4 : 1
      const to = { x: part(own.x + step[0] * STEP * far), y: part(own.y + step[1] * STEP * far) }
      self.show(to)
      moved(to)
    } else if (event.key === ' ' || event.key === 'Enter') {
      event.preventDefault()
      onRipple(own)
    }
  })
  // Who moves by keyboard has no pointer to look at.
  const self = {
    show(to) {
      move('self', to)
      const { element } = cursors.get('self')
      element.classList.add('self')
      element.dataset.colour = self.colour
    },
    colour: 0,
  }
  const hideSelf = () => {
    cursors.get('self')?.element.remove()
    cursors.delete('self')
  }
  sea.addEventListener('blur', hideSelf)
  stageElement.addEventListener('pointermove', hideSelf)

  return {
    move,
    ripple,
    colour(colour) {
      self.colour = colour
    },
    /** Names and colours; and who is not here any more has no cursor. */
    update(people) {
      for (const person of people) {
        const { element } = cursorOf(person.id)
        element.dataset.colour = person.colour
        element.classList.toggle('away', person.away)
        element.children[1].textContent = person.name
      }
      for (const [id, { element }] of cursors) {
        if (id !== 'self' && !people.some((person) => person.id === id)) {
          element.remove()
          cursors.delete(id)
        }
      }
    },
    said(id, text) {
      const cursor = cursors.get(id)
      if (!cursor) return
      const bubble = cursor.element.children[2]
      bubble.textContent = text
      bubble.classList.add('said')
      clearTimeout(cursor.silence)
      cursor.silence = setTimeout(() => bubble.classList.remove('said'), SAID_FOR)
    },
    clear() {
      for (const { element } of cursors.values()) element.remove()
      cursors.clear()
    },
  }
}
