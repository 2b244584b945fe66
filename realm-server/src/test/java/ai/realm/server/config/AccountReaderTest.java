package ai.realm.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.server.domain.SpendBudget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AccountReaderTest {
    @TempDir
    private Path dir;

    private AccountSettings read(String accounts) throws IOException {
        Path file = Files.writeString(dir.resolve("realm.yaml"), "tenants: []\naccounts: " + accounts + "\n");
        return ConfigLoader.load(file, Map.of(), _ -> null).accounts();
    }

    @Test
    void pricesAndBudgets_areReadWithTheirDefaults() throws IOException {
        AccountSettings a = read(
                "{currency: EUR, request_days: 90, prices: [{model: small, prompt: 0.15, completion: 0.6, from: 2026-01-01}],"
                        + " budgets: [{tenant: acme, month: 20, webhook: 'https://hooks.example/x', webhook_secret: s}]}");
        assertThat(a.requestDays()).isEqualTo(90);
        assertThat(a.prices().prices().getFirst().cached()).isEqualByComparingTo("0.15");
        assertThat(a.prices().prices().getFirst().from()).isEqualTo(LocalDate.parse("2026-01-01"));
        SpendBudget b = a.budgets().getFirst();
        assertThat(b.warn()).containsExactly(80, 100);
        assertThat(b.stop()).isTrue();
        assertThat(b.toString()).doesNotContain("secret=s");
    }

    /** A budget's notice would be lost the moment it matters. */
    @ParameterizedTest
    @ValueSource(strings = {"https://hooks.example/a/..;/s3cr3t", "https://hooks.example/s3cr3t//x",
            "https://hooks.example/s3cr3t#x",
            "https://hooks.example/s3cr3t/{id}", "https://hooks.example:0/s3cr3t", "https://*.example/s3cr3t",
            "https://u@hooks.example/s3cr3t"})
    void webhook_thatCouldNeverBeSentTo_isRefused_withoutItsUrl(String url) {
        assertThatThrownBy(() -> read("{currency: EUR, prices: [{model: a, prompt: 1, completion: 1}], "
                + "budgets: [{tenant: a, month: 1, webhook: '" + url + "'}]}")).hasMessageContaining("budgets[0].webhook must ")
                .hasMessageNotContaining("s3cr3t");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"{prices: [{model: small, prompt: 1, completion: 1}]}|accounts.currency",
            "{currency: EUR, prices: [{model: small, prompt: -1, completion: 1}]}|accounts.prices[0].prompt",
            "{currency: EUR, prices: [{model: small, completion: 1}]}|accounts.prices[0].prompt",
            "{currency: EUR, prices: [{prompt: 1, completion: 1}]}|accounts.prices[0].model",
            "{currency: EUR, prices: [{model: a, prompt: 1, completion: 1, from: soon}]}|accounts.prices[0].from",
            "{budgets: [{tenant: a, month: 1}]}|accounts.prices",
            "{currency: EUR, prices: [{model: a, prompt: 1, completion: 1}], budgets: [{tenant: a, month: 1}, {tenant: a, month: 2}]}|budgets[1]",
            "{currency: EUR, prices: [{model: a, prompt: 1, completion: 1}], budgets: [{tenant: a, month: 1, webhook: 'ftp://x'}]}|webhook",
            "{currency: EUR, prices: [{model: a, prompt: 1, completion: 1}], budgets: [{tenant: a, month: 1, warn: [0]}]}|warn",
            "{usage_days: 30}|usage_days", "{request_days: -1}|request_days", "{prises: []}|prises"})
    void accounts_thatAreWrong_areRefusedWithTheirPlace(String accounts, String place) {
        assertThatThrownBy(() -> read(accounts)).hasMessageContaining(place);
    }
}
