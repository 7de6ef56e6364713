import { element } from './elements.ts';

/** Episodes that are listed. */
const LISTED = 20;

/** Lists an episode that was played here, the newest first. */
export function listEpisode(text: string, human: boolean): void {
  const item = document.createElement('li');
  item.textContent = `${text}${human ? ', by you' : ''}`;
  item.classList.toggle('human', human);
  const list = element('played');
  list.prepend(item);
  while (list.children.length > LISTED) list.lastElementChild!.remove();
  element('played-none').hidden = true;
}
