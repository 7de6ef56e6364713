/** A heading's anchor, as GitHub makes it: the documents' links are written for that.
 * @param {string} heading */
export const slugify = (heading) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
