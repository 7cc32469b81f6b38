/** What an account needs before it is worth asking the server. Pure. */

export const MIN_PASSWORD = 8;

interface Form {
  username: string;
  password: string;
  displayName: string;
  again: string;
}

export type Faults = Partial<Record<keyof Form, string>>;

/** What is wrong with each field; signing in only asks that there is something in them. */
export function faultsOf({ username, password, displayName, again }: Form, newAccount: boolean): Faults {
  const faults: Faults = {};
  if (username.trim() === "") faults.username = "Enter a user name.";
  if (password === "") faults.password = "Enter a password.";
  if (!newAccount) return faults;
  if (displayName.trim() === "") faults.displayName = "Enter the name to show.";
  if (/[\s%/\\"'<>\p{C}]/u.test(username.trim())) {
    faults.username = "Use letters, digits, dots, hyphens and underscores, without spaces.";
  }
  if (password !== "" && [...password].length < MIN_PASSWORD) {
    faults.password = `Use at least ${MIN_PASSWORD} characters.`;
  }
  if (again !== password) faults.again = "The two passwords differ.";
  return faults;
}
