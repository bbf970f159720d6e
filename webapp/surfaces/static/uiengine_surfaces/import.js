// Shows what a dashboard would become without leaving the page, so that the file stays chosen for
// importing. The server reads the file; without JavaScript the page is shown anew.
const form = document.querySelector('form[enctype="multipart/form-data"]')

form?.addEventListener('submit', async (event) => {
  if (event.submitter?.name !== 'preview') return
  event.preventDefault()
  const shown = document.querySelector('.checked')
  try {
    const body = new FormData(form)
    body.set('preview', 'Preview')
    const answer = await fetch(window.location.href, { method: 'POST', body })
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`)
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    shown.replaceChildren(...page.querySelectorAll('.errorlist, .checked > *'))
  } catch (error) {
    shown.textContent = `Not read: ${error.message}.`
  }
})
