// One lookup by the insurer's protocol; the question comes as JSON on standard input.
// .NET 8 or newer.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

string[] nothingLookedUp = ["054", "055", "100", "101", "205", "401"];
var username = Environment.GetEnvironmentVariable("TRACUU_GATEWAY_USERNAME") ?? "";
var password = Environment.GetEnvironmentVariable("TRACUU_GATEWAY_PASSWORD") ?? "";
var passwordMd5 = Convert.ToHexString(MD5.HashData(Encoding.UTF8.GetBytes(password)));
Console.OutputEncoding = Encoding.UTF8;

// A program keeps one HttpClient for all its lookups.
using var http = new HttpClient
{
    BaseAddress = new Uri(Environment.GetEnvironmentVariable("TRACUU_URL")!),
    Timeout = TimeSpan.FromSeconds(5),
};

// HTTP says 200 and maKetQua the rest.
async Task<JsonElement> Post(string path, HttpContent body)
{
    using var response = await http.PostAsync(path, body);
    response.EnsureSuccessStatusCode();
    using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
    return document.RootElement.Clone();
}

try
{
    // A token lasts until APIKey.expires_in: keep it until then.
    using var account = new FormUrlEncodedContent(new Dictionary<string, string>
    {
        ["username"] = username,
        ["password"] = passwordMd5,
    });
    var taken = await Post("/api/token/take", account);
    if (taken.GetProperty("maKetQua").GetString() != "200")
    {
        Console.Error.WriteLine($"no token: maKetQua {taken.GetProperty("maKetQua")}");
        return 1;
    }

    // On maKetQua 401, take one new token and ask once more.
    var key = taken.GetProperty("APIKey");
    string Query(string name) => Uri.EscapeDataString(key.GetProperty(name).GetString()!);
    var path = "/api/egw/KQNhanLichSuKCB2024"
        + $"?token={Query("access_token")}&id_token={Query("id_token")}"
        + $"&username={Uri.EscapeDataString(username)}&password={passwordMd5}";
    using var stdin = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8);
    using var question = new StringContent(
        await stdin.ReadToEndAsync(), Encoding.UTF8, "application/json");
    var answer = await Post(path, question);

    var code = answer.GetProperty("maKetQua").GetString();
    Console.WriteLine($"{code} {answer.GetProperty("ghiChu")}");
    return nothingLookedUp.Contains(code) ? 1 : 0;
}
catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
{
    Console.Error.WriteLine($"no answer: {error.Message}");
    return 1;
}
