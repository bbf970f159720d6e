(({ previousElementSibling: boot }) => {
  const { on, hash } = JSON.parse(boot.text).book;
  let text = `0.${hash}`;
  try {
    const { now, next, until } = JSON.parse(localStorage[`al-device-${on}`]);
    text = Date.now() < until ? now : next;
  } catch {}
  (self.layoutTokens ??= {})[on] = text;
})(document.currentScript);
