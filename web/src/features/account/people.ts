/** People of a household in words. Pure. */

import type { User } from "../../api/account";

/** The line below a name. */
export function noteOf(user: User): string {
  return user.allowsExplicit ? user.username : `${user.username} · hears no explicit songs`;
}

/** The mark beside a name, if there is something to mark. */
export function markOf(user: User, me: string | undefined): string | undefined {
  const marks = [user.id === me ? "You" : "", ROLES[user.role], user.isChild ? "Child" : ""].filter(Boolean);
  return marks.length > 0 ? marks.join(" · ") : undefined;
}

const ROLES: Record<User["role"], string> = { owner: "Owner", head: "Head", member: "" };
