import { queryOptions } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "./client";
import { LIST_S, polled } from "./polling";

export type User = Schemas["UserView"];
export type NewUser = Schemas["NewUser"];
export type UserChange = Schemas["UserChange"];
export type UserWithPassword = Schemas["UserWithPasswordView"];
const ROWS = 1000;

export const USER_KEYS = [["users"], ["sessions"], ["audit"]] as const;
export const ACCOUNT_KEYS = [["me"], ["sessions"], ["audit"]] as const;

export const users = queryOptions({
  queryKey: ["users"],
  queryFn: ({ signal }) =>
    bodyOf(api.GET("/api/v1/users", { signal, params: { query: { limit: ROWS } } })),
  ...polled(LIST_S),
});

export async function createUser(body: NewUser): Promise<UserWithPassword> {
  return bodyOf(api.POST("/api/v1/users", { body }));
}

export async function changeUser(name: string, body: UserChange): Promise<User> {
  return bodyOf(api.PATCH("/api/v1/users/{name}", { params: { path: { name } }, body }));
}

export async function deleteUser(name: string): Promise<void> {
  await bodyOf(api.DELETE("/api/v1/users/{name}", { params: { path: { name } } }));
}

export async function resetPassword(name: string): Promise<UserWithPassword> {
  return bodyOf(api.POST("/api/v1/users/{name}:reset_password", { params: { path: { name } } }));
}

export async function removeSecondFactor(name: string): Promise<void> {
  await bodyOf(api.POST("/api/v1/users/{name}:remove_totp", { params: { path: { name } } }));
}

export async function unlockUser(name: string): Promise<void> {
  await bodyOf(api.POST("/api/v1/users/{name}:unlock", { params: { path: { name } } }));
}

export async function changePassword(password: string, newPassword: string): Promise<void> {
  const body = { password, new_password: newPassword };
  await bodyOf(api.POST("/api/v1/me:change_password", { body }));
}

export async function beginTotp(password: string): Promise<Schemas["TotpView"]> {
  return bodyOf(api.POST("/api/v1/me/totp", { body: { password } }));
}

export async function confirmTotp(code: string): Promise<Schemas["RecoveryCodesView"]> {
  return bodyOf(api.POST("/api/v1/me/totp:confirm", { body: { code } }));
}

export async function removeTotp(password: string, code: string): Promise<void> {
  await bodyOf(api.POST("/api/v1/me/totp:remove", { body: { password, code } }));
}
