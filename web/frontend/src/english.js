// The staff's words in a diagram or table are Chinese; the English stands beside them in an extension property.
export function english(element, name) {
  for (const extension of element.extensionElements?.values ?? []) {
    if (!/:properties$/.test(extension.$type)) continue;
    const found = (extension.$children ?? []).find((property) => property.name === name);
    if (found?.value) return found.value;
  }
  return undefined;
}
