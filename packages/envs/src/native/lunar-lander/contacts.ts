import type { Body, World } from 'planck';
import type { Lander } from './lander.ts';

/** What of a lander touches the ground. A leg counts as off it as soon as one of its contacts ends, as in Gymnasium. */
export class Contacts {
  /** Whether the hull has touched the ground in this episode. */
  crashed = false;
  /** Whether leg 0 stands on the ground. */
  leg0 = false;
  /** Whether leg 1 stands on the ground. */
  leg1 = false;

  constructor(world: World, { hull, legs }: Lander) {
    world.on('begin-contact', (contact) => {
      const body = moving(contact.getFixtureA().getBody(), contact.getFixtureB().getBody());
      if (body === hull) this.crashed = true;
      else this.#set(body === legs[0], true);
    });
    world.on('end-contact', (contact) => {
      const body = moving(contact.getFixtureA().getBody(), contact.getFixtureB().getBody());
      if (body !== hull) this.#set(body === legs[0], false);
    });
  }

  #set(first: boolean, touches: boolean): void {
    if (first) this.leg0 = touches;
    else this.leg1 = touches;
  }
}

/** The one of two touching bodies that is not the ground. */
const moving = (a: Body, b: Body): Body => (a.isStatic() ? b : a);
