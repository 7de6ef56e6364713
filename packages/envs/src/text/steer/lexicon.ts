/** Words that are felt to be good, and those that are felt to be bad: what sentiment is counted by. */
export const GOOD =
  'beautiful best better bright brave calm charming cheerful clean clever danced dear delight delighted fair fine free fresh friendly funny gentle glad golden good grand great happy joy joyful jolly kind laughed laughing laughs light lively love loved lovely lucky merry nice peace peaceful perfect pleasant pretty proud rich safe sang shining smile smiled smiling sunny sweet thanked thrilled true warm welcome wise wonderful'.split(
    ' ',
  );
export const BAD =
  'afraid alone angry awful bad bitter bleak broken cold cried cruel cursed dark dead died dirty dread dreadful dull empty evil failed fear fearful fell fierce frowned gloomy grey grief grim hate hated hurt ill lonely lost mad mean moaned nasty pain poor rotten rude sad screamed sick sorrow sorry sour terrible tired ugly unhappy weak weary wept wicked worst wretched wrong'.split(
    ' ',
  );

/** What verses consist of: words that are felt to be good, neither, and bad. */
export const ADJECTIVES = [
  ['happy', 'bright', 'kind', 'merry', 'lovely', 'warm'],
  ['old', 'small', 'tall', 'quick', 'round', 'red'],
  ['sad', 'dark', 'cruel', 'weary', 'ugly', 'cold'],
] as const;
export const VERBS = [
  ['sang', 'danced', 'laughed', 'smiled'],
  ['stood', 'walked', 'waited', 'slept'],
  ['wept', 'fell', 'frowned', 'moaned'],
] as const;
export const SUBJECTS = [
  'king',
  'queen',
  'dog',
  'cat',
  'child',
  'sailor',
  'baker',
  'fox',
  'bird',
  'ghost',
  'man',
  'lady',
];
export const PLACES = ['by', 'near', 'behind', 'above', 'under', 'beside'];

/** The nouns that lines end with, by their rhymes. */
export const RHYMES = [
  ['day', 'bay', 'hay', 'way'],
  ['night', 'light', 'knight', 'sight'],
  ['ground', 'sound', 'hound', 'mound'],
  ['hill', 'mill', 'grill', 'pill'],
  ['boat', 'goat', 'coat', 'moat'],
  ['rain', 'train', 'plain', 'chain'],
  ['book', 'brook', 'cook', 'hook'],
  ['tree', 'bee', 'knee', 'fee'],
] as const;
