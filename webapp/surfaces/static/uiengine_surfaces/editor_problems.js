// Shows what the server refuses at the control that it is about.
let count = 0

// listed: items whose data-path names a place; reveal: shows the fields of a block.
export function showProblems(editor, listed, reveal) {
  for (const note of editor.querySelectorAll('.edit-problem')) forget(note)
  for (const item of listed) {
    const { path, says } = item.dataset
    reveal(path)
    const places = [...editor.querySelectorAll('.edit-parts [data-path]')]
      .filter(place => isWithin(path, place.dataset.path))
    const place = places.reduce((best, next) =>
      next.dataset.path.length > (best?.dataset.path.length ?? -1) ? next : best, null)
    if (place) note(place, says)
  }
}

const isWithin = (path, place) => path === place || (path.startsWith(place) && '.['.includes(path[place.length]))

export function note(place, says) {
  const shown = document.createElement('p')
  shown.className = 'edit-problem'
  shown.id = `edit-problem-${++count}`
  shown.textContent = says
  const control = place.matches('input, select') ? place : null
  if (control) {
    shown.control = control
    control.setAttribute('aria-invalid', 'true')
    describe(control, ids => [...ids, shown.id])
  }
  const around = control?.closest('.edit-sizes, .edit-field') ?? place
  const head = around.querySelector(':scope > h3, :scope > .edit-head')
  if (head) head.after(shown)
  else around.append(shown)
}

function forget(shown) {
  if (shown.control) {
    shown.control.removeAttribute('aria-invalid')
    describe(shown.control, ids => ids.filter(id => id !== shown.id))
  }
  shown.remove()
}

function describe(control, change) {
  const ids = change((control.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean))
  if (ids.length) control.setAttribute('aria-describedby', ids.join(' '))
  else control.removeAttribute('aria-describedby')
}
