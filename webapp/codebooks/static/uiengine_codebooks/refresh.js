// Reads a part of the page again every few seconds, without a reload: data-refresh names the part's
// id, data-every the seconds. Waits while somebody is at work in it, or the page is hidden; can be
// paused. Without JavaScript the link beside it does the same by hand.
const LATE = 4 // answers that may fail before it says so

function busy(part) {
  return part.contains(document.activeElement) || part.querySelector('input[type=checkbox]:checked')
}

async function read(id) {
  const answer = await fetch(location.href, { credentials: 'same-origin', cache: 'no-store' })
  if (!answer.ok || answer.redirected) throw new Error(`answered ${answer.status}`)
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  return page.getElementById(id)
}

function start(bar) {
  const part = document.getElementById(bar.dataset.refresh)
  const button = document.createElement('button')
  const says = bar.querySelector('span')
  let paused = false
  let failed = 0
  button.type = 'button'
  button.textContent = 'Pause'
  button.addEventListener('click', () => {
    paused = !paused
    button.textContent = paused ? 'Go on' : 'Pause'
    if (paused) says.textContent = 'Paused.'
  })
  bar.querySelector('a')?.remove()
  bar.append(button)
  setInterval(async () => {
    if (paused || document.hidden || busy(part)) return
    try {
      const fresh = await read(part.id)
      if (!fresh || busy(part)) return
      if (fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes)
      failed = 0
      says.textContent = `As of ${new Date().toISOString().slice(11, 19)} UTC.`
    } catch (error) {
      failed += 1
      if (failed >= LATE) says.textContent = `Not renewed: the server does not answer (${error.message}).`
    }
  }, 1000 * Number(bar.dataset.every))
}

document.querySelectorAll('[data-refresh]').forEach(start)
